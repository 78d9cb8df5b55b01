"""A worker keeps its connection from task to task for as long as it is good."""

from collections.abc import Iterator

import psycopg
import pytest
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # the stubs have it not
from django.db import connections
from django.db.utils import ConnectionHandler

from config import worker_connections
from config.celery import app
from config.worker_connections import leave_what_is_not_at_rest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectionHandler]:
    """The connections of a worker's process: no pool, to the test database."""
    handler = ConnectionHandler({"default": {**connections.settings["default"], "OPTIONS": {}}})
    monkeypatch.setattr(worker_connections, "connections", handler)
    yield handler
    handler.close_all()


def pid_of(worker: ConnectionHandler) -> int:
    with worker["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_good_one_stays(worker: ConnectionHandler) -> None:
    first = pid_of(worker)

    leave_what_is_not_at_rest()

    assert pid_of(worker) == first


def test_one_whose_server_is_gone_is_left(worker: ConnectionHandler) -> None:
    first = pid_of(worker)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [first])

    leave_what_is_not_at_rest()

    assert pid_of(worker) != first


def test_one_that_a_time_limit_has_cut_off_in_the_middle_of_its_work_is_left(worker: ConnectionHandler) -> None:
    # Given a statement whose answer nobody has read, in a transaction that Django still believes in
    first = pid_of(worker)
    session = worker["default"].connection
    assert isinstance(session, psycopg.Connection)
    session.execute("BEGIN")
    session.pgconn.send_query(b"SELECT pg_sleep(0)")
    worker["default"].in_atomic_block = True
    # When
    leave_what_is_not_at_rest()
    # Then
    assert pid_of(worker) != first
    assert not worker["default"].in_atomic_block


def test_one_that_a_closed_session_belongs_to_is_left(worker: ConnectionHandler) -> None:
    first = pid_of(worker)
    session = worker["default"].connection
    assert isinstance(session, psycopg.Connection)
    session.close()

    leave_what_is_not_at_rest()

    assert pid_of(worker) != first


def test_celery_itself_leaves_it_open_between_tasks() -> None:
    assert DjangoWorkerFixup(app).db_reuse_max == 1_000
