"""A connection of the pool that has died is replaced before a request gets it."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from config.connection_check import check_quietly
from tests.concurrency.crowd import everyone

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session() -> Iterator[psycopg.Connection]:
    """A session on the test database, beside Django's."""
    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as session:
        yield session


def end_session(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def test_an_idle_connection_is_good_after_whatever_it_did(session: psycopg.Connection) -> None:
    session.execute("SELECT generate_series(1, 10000)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        session.execute("SELECT 1 / 0")

    check_quietly(session)

    assert session.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_the_server_has_ended_is_not(session: psycopg.Connection) -> None:
    end_session(session.info.backend_pid)

    with pytest.raises(psycopg.OperationalError, match="has ended the session"):
        check_quietly(session)

    assert session.closed


def test_no_request_meets_what_the_pool_held_when_the_server_ended_all_sessions(
    session: psycopg.Connection,
) -> None:
    # Given connections that are back in the pool, and die there
    died = session_of_each_in_a_crowd(6)
    assert len(set(died)) == 6
    connection.close()
    for pid in died:
        session.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    # When more requests come than the pool had connections, twice
    first, then = session_of_each_in_a_crowd(12), session_of_each_in_a_crowd(12)
    # Then each has its own, that lives, and the dead ones are gone for good
    assert len(set(first)) == len(set(then)) == 12
    assert not set(died) & set(first + then)


def session_of_each_in_a_crowd(size: int) -> list[int]:
    """Return the server's process of each thread's connection, while all hold theirs."""
    together = threading.Barrier(size)

    def work(_number: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        together.wait(timeout=30)
        return int(pid)

    return everyone(size, work)
