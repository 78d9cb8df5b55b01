"""What the settings make of the database's variables, each in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

from config.services.leftovers import BASE_DIR

TELL = "import json, config.settings as s; print(json.dumps(s.DATABASES, default=lambda one: one.__name__))"


def _databases(**environ: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    databases: dict[str, Any] = json.loads(result.stdout)
    return databases


def test_every_session_starts_with_its_limits_in_milliseconds() -> None:
    database = _databases(
        DATABASE_URL="postgresql://tally_web@db/tally",
        DATABASE_STATEMENT_TIMEOUT_SECONDS="3",
        DATABASE_LOCK_TIMEOUT_SECONDS="2",
        DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS="1",
    )["default"]

    assert database["OPTIONS"]["options"] == (
        "-c statement_timeout=3000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=1000"
        " -c pgtrigger.ignore={}"
    )


def test_the_pool_holds_the_connections_and_django_none() -> None:
    database = _databases(DATABASE_URL="postgresql://db/tally", DATABASE_POOL_SIZE="3")["default"]

    # A connection that died with its server is replaced before a request gets it.
    assert database["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 3, "timeout": 10, "check": "check_quietly"}
    assert database["CONN_MAX_AGE"] == 0


def test_options_of_the_address_are_kept() -> None:
    database = _databases(DATABASE_URL="postgresql://db/tally?options=-c%20role%3Dtally_app")["default"]

    assert database["OPTIONS"]["options"].startswith("-c role=tally_app -c statement_timeout=")


def test_pgbouncer_gets_nothing_that_it_refuses_or_that_needs_one_session() -> None:
    database = _databases(DATABASE_URL="postgresql://db/tally", DATABASE_BEHIND_PGBOUNCER="on")["default"]

    assert "options" not in database["OPTIONS"]
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_without_an_address_there_is_no_database() -> None:
    assert _databases() == {}


def test_statements_are_planned_once_for_all_their_values_but_behind_pgbouncer() -> None:
    alone = _databases(DATABASE_URL="postgresql://db/tally")["default"]["OPTIONS"]
    behind = _databases(DATABASE_URL="postgresql://db/tally", DATABASE_BEHIND_PGBOUNCER="on")["default"]["OPTIONS"]

    assert (alone["server_side_binding"], alone["prepare_threshold"]) == (True, 5)
    # The next statement of a session there may run on another connection.
    assert {"server_side_binding", "prepare_threshold"} & behind.keys() == set()
