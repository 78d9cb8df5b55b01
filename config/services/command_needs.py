"""What a management command needs before Django starts: no server, the embedded database, or the whole service.

Asked by manage.py for every command, in production too: nothing here may need the embedded servers' packages.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from enum import Enum, auto

from config.environment import DEVELOPMENT

# These start their own servers, or need none.
WITHOUT_DATABASE = frozenset(
    {
        "bench",
        "chaos",
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "help",
        "makemessages",
        "makemigrations",
        "money_flows",
        "spectacular",
        "startapp",
        "startproject",
        "state_machines",
        "up",
        "version",
    }
)
# These change or read what belongs to the tables' owner. All others are who the application is: tally_web.
AS_OWNER = frozenset(
    {
        "application_role",
        "changefeed",
        "flush",
        "migrate",
        "optimizemigration",
        "pgtrigger",
        "showmigrations",
        "sqlmigrate",
        "test",
    }
)
# These talk to the whole running service: to the one of this folder, or to one of their own while they run.
WITH_STACK = frozenset({"demo"})
# These are the service. All others are run by a person or a job, and may take their time.
SERVICES = frozenset({"relay", "up"})


class Need(Enum):
    """What must run, or be started, for a command."""

    NOTHING = auto()
    DATABASE = auto()
    DATABASE_AS_OWNER = auto()
    STACK = auto()


def need_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Need:
    """Return what the command needs beside what the environment names."""
    command = _command(arguments)
    asks_for_help = command.startswith("-") or not {"-h", "--help"}.isdisjoint(arguments)
    developing = environ.get("TALLY_ENVIRONMENT", DEVELOPMENT) == DEVELOPMENT
    if asks_for_help or command in WITHOUT_DATABASE or not developing:
        return Need.NOTHING
    if command in WITH_STACK:
        return Need.STACK
    if environ.get("DATABASE_URL"):
        return Need.NOTHING
    return Need.DATABASE_AS_OWNER if command in AS_OWNER else Need.DATABASE


def be_owner_where_needed(arguments: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Let a command that changes tables connect as their owner, where the environment names one."""
    if _command(arguments) in AS_OWNER and (owner_url := environ.get("DATABASE_OWNER_URL")):
        environ["DATABASE_URL"] = owner_url


def take_time(arguments: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Lift the limit of a statement's time from a command that serves no request."""
    if _command(arguments) not in SERVICES:
        environ.setdefault("DATABASE_STATEMENT_TIMEOUT_SECONDS", "0")


def _command(arguments: Sequence[str]) -> str:
    return arguments[0] if arguments else "help"
