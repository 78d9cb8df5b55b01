"""The servers of a command that runs where none are named: the embedded database of this folder, or a whole stack."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.services import simulated
from config.services.command_needs import Need
from config.services.command_stack import command_stack
from config.services.databases import LOGIN_ROLE, NotMigratedError, ensure_database, ensure_login_role
from config.services.joining import joined
from config.services.ports import HOST
from config.services.postgres import OWNER_ROLE, Cluster
from config.services.state import DATABASE_NAME, StateDir


@contextmanager
def servers(need: Need, *, root: Path) -> Iterator[None]:
    """Name the servers in the environment, and keep them running until the command has ended.

    :param root: where .tally/ lies, unless TALLY_STATE_DIR says otherwise.
    :raises SystemExit: the embedded database has no tables yet, or a server did not start.
    """
    state = StateDir(Path(os.environ.get("TALLY_STATE_DIR", root / ".tally")).resolve())
    as_owner = need is Need.DATABASE_AS_OWNER
    if need is Need.STACK:
        with command_stack(state):
            yield
    elif running := state.running():
        _tell(running.environment, database_url=running.owner_url if as_owner else running.environment["DATABASE_URL"])
        yield
    else:
        with joined(state.cluster):
            _tell(_of_this_machine(state), database_url=_database_url(state.cluster, as_owner=as_owner))
            yield


def _tell(environment: Mapping[str, str], *, database_url: str) -> None:
    """Give the command these variables, but none that it was given before."""
    for name, value in {**environment, "DATABASE_URL": database_url}.items():
        os.environ.setdefault(name, value)


def _of_this_machine(state: StateDir) -> dict[str, str]:
    """Return the secrets, and what points every PSP's account at the simulator, though none runs now."""
    return {**state.secrets(), **simulated.variables(simulator_url=f"http://{HOST}:{simulated.SIMULATOR_PORT}")}


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
