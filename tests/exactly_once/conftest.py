"""Database sessions of the tests' own, beside Django's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from exactly_once import event_types, handlers, outbox
from exactly_once.event_types import EventType
from tests.exactly_once.handling import Clock, Listen

type Connect = Callable[..., psycopg.Connection]

LOGIN_ROLE = "tally_test_login"


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open sessions on the test database; they end with the test."""
    with ExitStack() as sessions:

        def open_session(**options: Any) -> psycopg.Connection:
            connection.ensure_connection()
            info = connection.connection.info
            here = {"host": info.host, "port": info.port, "user": info.user, "password": info.password}
            session = psycopg.connect(**{**here, "dbname": info.dbname, **options})
            sessions.callback(session.close)
            return session

        yield open_session


@pytest.fixture
def application(connect: Connect) -> Iterator[psycopg.Connection]:
    """A session of a login role that may do what the application may."""
    with connect(autocommit=True) as owner:
        login = sql.Identifier(LOGIN_ROLE)
        owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(login))
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'test' IN ROLE tally_app").format(login))
        try:
            with connect(user=LOGIN_ROLE, password="test", autocommit=True) as session:
                yield session
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(login))


@pytest.fixture(autouse=True)
def _types_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare what the tests publish."""
    for name in ("thing.done", "event.seen"):
        monkeypatch.setitem(event_types._declared, name, EventType(name))


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Listen:
    """Set what hears of things, under the name ``listener``."""
    return lambda function: monkeypatch.setitem(outbox._subscribers, "thing.done", {"listener": function})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of whoever runs handlers."""
    clock = Clock()
    monkeypatch.setattr(handlers, "monotonic", clock)
    return clock
