"""Which database a management command uses where DATABASE_URL is not set: the embedded one of this folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.environment import DEVELOPMENT
from config.services.command_stack import command_stack
from config.services.databases import LOGIN_ROLE, NotMigratedError, ensure_database, ensure_login_role
from config.services.joining import joined
from config.services.postgres import OWNER_ROLE, Cluster
from config.services.state import DATABASE_NAME, StateDir

# These start their own servers, or need none.
WITHOUT_DATABASE = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "help",
        "makemessages",
        "makemigrations",
        "spectacular",
        "startapp",
        "startproject",
        "up",
        "version",
    }
)
# These change or read what belongs to the tables' owner. All others are who the application is: tally_web.
AS_OWNER = frozenset(
    {"application_role", "flush", "migrate", "optimizemigration", "pgtrigger", "showmigrations", "sqlmigrate", "test"}
)
# These talk to the whole running service: to the one of this folder, or to one of their own while they run.
WITH_STACK = frozenset({"demo"})
# These run as long as the service does. All others are run by a person or a job, and may take their time.
SERVICES = frozenset({"relay"})


@contextmanager
def command_database(arguments: Sequence[str], *, root: Path) -> Iterator[None]:
    """Give the command its database by environment variables, and the server for as long as it runs.

    :param root: where .tally/ lies, unless TALLY_STATE_DIR says otherwise.
    :raises SystemExit: the embedded database has no tables yet.
    """
    command = arguments[0] if arguments else "help"
    if command not in SERVICES:
        os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_SECONDS", "0")
    if command in AS_OWNER and (owner_url := os.environ.get("DATABASE_OWNER_URL")):
        os.environ["DATABASE_URL"] = owner_url
    asks_for_help = command.startswith("-") or not {"-h", "--help"}.isdisjoint(arguments)
    developing = os.environ.get("TALLY_ENVIRONMENT", DEVELOPMENT) == DEVELOPMENT
    state = StateDir(Path(os.environ.get("TALLY_STATE_DIR", root / ".tally")).resolve())
    if asks_for_help or command in WITHOUT_DATABASE or not developing:
        yield
    elif command in WITH_STACK:
        with command_stack(state):
            yield
    elif os.environ.get("DATABASE_URL"):
        yield
    else:
        with _embedded_database(state, as_owner=command in AS_OWNER):
            yield


@contextmanager
def _embedded_database(state: StateDir, *, as_owner: bool) -> Iterator[None]:
    """Join the embedded server, and take over what the running stack was told."""
    with joined(state.cluster):
        os.environ["DATABASE_URL"] = _database_url(state.cluster, as_owner=as_owner)
        running = state.running()
        for name, value in (running.environment if running else state.secrets()).items():
            os.environ.setdefault(name, value)
        yield


def _database_url(cluster: Cluster, *, as_owner: bool) -> str:
    ensure_database(server_url=cluster.url(role=OWNER_ROLE, database="postgres"), name=DATABASE_NAME)
    owner_url = cluster.url(role=OWNER_ROLE, database=DATABASE_NAME)
    if as_owner:
        return owner_url
    try:
        ensure_login_role(owner_url=owner_url)
    except NotMigratedError:
        raise SystemExit(
            "The database in .tally/ has no tables yet: run `uv run manage.py migrate`, or start all with `up`."
        ) from None
    return cluster.url(role=LOGIN_ROLE, database=DATABASE_NAME)
