"""The database: its address, its time-outs, its pool."""

from typing import Any

from config.connection_check import check_quietly
from config.settings.variables import env

DATABASE_URL: str = env.str("DATABASE_URL", "")
# Who owns the tables, for `migrate` and `up`: the application itself may not change them.
DATABASE_OWNER_URL: str = env.str("DATABASE_OWNER_URL", "")
# What `application_role` gives the login role of web, worker, beat and relay.
DATABASE_APPLICATION_PASSWORD: str = env.str("DATABASE_APPLICATION_PASSWORD", "")
# How long one statement may run, in the web, worker and relay processes: longer than any of their queries, shorter than
# a client's patience. Commands that a person runs have no limit (manage.py).
DATABASE_STATEMENT_TIMEOUT_SECONDS: int = env.int("DATABASE_STATEMENT_TIMEOUT_SECONDS", 30)
# How long a statement may wait for a row that another transaction holds: no transaction of ours should take this long.
DATABASE_LOCK_TIMEOUT_SECONDS: int = env.int("DATABASE_LOCK_TIMEOUT_SECONDS", 10)
# An open transaction that does nothing holds back the outbox relay of the whole cluster.
DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS: int = env.int("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS", 30)
# Connections of one process: the web server's threads share them. 0: no pool (config/worker.py).
DATABASE_POOL_SIZE: int = env.int("DATABASE_POOL_SIZE", 8)
# How long a request waits for a connection of the pool before it fails.
DATABASE_POOL_TIMEOUT_SECONDS: int = env.int("DATABASE_POOL_TIMEOUT_SECONDS", 10)
# PgBouncer refuses the time-outs as start-up parameters: set them on the role instead (docs/settings.md).
DATABASE_BEHIND_PGBOUNCER: bool = env.bool("DATABASE_BEHIND_PGBOUNCER", default=False)


def _session_options() -> str:
    """Return what each new database session starts with, as libpq's `options`, in milliseconds."""
    parameters = {
        "statement_timeout": DATABASE_STATEMENT_TIMEOUT_SECONDS * 1000,
        "lock_timeout": DATABASE_LOCK_TIMEOUT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS * 1000,
        # Each trigger asks which ones are ignored: none. Where nobody says so it learns that by an exception, which
        # costs half a millisecond for each row of a large COPY.
        "pgtrigger.ignore": "{}",
    }
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())


def _database() -> dict[str, Any]:
    """Return the one database. psycopg's pool holds the connections, so Django must not keep any (CONN_MAX_AGE 0)."""
    database: dict[str, Any] = env.dj_db_url("DATABASE_URL", conn_max_age=0, conn_health_checks=True)
    options = database.setdefault("OPTIONS", {})
    if DATABASE_POOL_SIZE:
        options["pool"] = {
            "min_size": 1,
            "max_size": DATABASE_POOL_SIZE,
            "timeout": DATABASE_POOL_TIMEOUT_SECONDS,
            "check": check_quietly,
        }
    if DATABASE_BEHIND_PGBOUNCER:
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
    else:
        options["options"] = " ".join(filter(None, [options.get("options"), _session_options()]))
        # A statement that comes for the fifth time over a connection is parsed and planned once for all later: with
        # values bound by the server, Django's are the same text each time. A checkout needs a third less of PostgreSQL.
        options["server_side_binding"] = True
        options["prepare_threshold"] = 5
    return database


# Without DATABASE_URL, commands that need no database run (check, makemigrations); manage.py gives the others the
# embedded server's address.
DATABASES = {"default": _database()} if DATABASE_URL else {}
