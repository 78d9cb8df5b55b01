"""A pytest plugin: the whole service as real processes, on a database of its own beside the test database.

`stack` is shared by the session; `new_stack` starts another one for a test that needs its own.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from config.services.databases import GROUP_ROLE
from config.services.servers import Database
from config.services.stack import Stack
from tests.campaigns import PROCESSES
from tests.servers import STATE_DIR, SUITE

# What asks for the shared stack: run by one process, so that only one starts it.
ON_THE_STACK = ("tests/browser/", "tests/flows/", "tests/config/test_health.py", "tests/config/test_stack.py")
_STACK = "on the stack"
# Few tests each, and long ones: begun last, one process would be at them when all others have done.
LONG = (
    _STACK,
    "tests/crash/",
    "tests/config/",
    "tests/staff/",
    "tests/mutation/",
    "tests/bench/",
    "tests/exactly_once/changefeed/",
)


class StackFilesTogether(LoadFileScheduling):
    """Give a file at a time to each process that is free, long ones first; those on the stack are as one file."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _STACK if file.startswith(ON_THE_STACK) else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        long = sorted((scope for scope in self.workqueue if scope.startswith(LONG)), key=lambda scope: scope != _STACK)
        for scope in reversed(long):
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Schedule so wherever several processes run the tests."""
    return StackFilesTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is on the stack out of the suite: who names it runs it."""
    if os.environ.get(SUITE) and not PROCESSES.runs:
        for item in items:
            if "stack" in getattr(item, "fixturenames", ()):
                item.add_marker(PROCESSES.only)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Web, worker, beat, relay, simulator and broker, started once for all tests that ask for them."""
    # Nobody wants to watch the sweeper wait.
    with new_stack("stack", environment={"ATTEMPT_CHECK_SECONDS": "3"}) as running:
        yield running


@contextmanager
def new_stack(name: str, **options: Any) -> Iterator[Stack]:
    """Start a stack on an empty database, and stop it.

    :param name: of its state directory among the tests' own, and of its database.
    :param options: whatever Stack takes beside directory and database.
    """
    state_dir = STATE_DIR / name
    shutil.rmtree(state_dir, ignore_errors=True)
    with Stack(state_dir=state_dir, database=empty_database(f"tally_{name}"), **options) as running:
        yield running


def empty_database(name: str) -> Database:
    """Make a database on the tests' server, in place of one of that name, and return its addresses."""
    server_url = os.environ["DATABASE_URL"]
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    owner_url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    # The application's rights without a password: the owner's session under the group role.
    return Database(owner_url=owner_url, app_url=f"{owner_url}?options={quote(f'-c role={GROUP_ROLE}')}")
