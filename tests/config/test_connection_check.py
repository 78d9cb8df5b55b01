"""A connection of the pool that has died is replaced before a request gets it."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from config.connection_check import check_quietly

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


def test_a_request_after_its_pooled_connection_died_has_another_one(session: psycopg.Connection) -> None:
    # Given a connection that is back in the pool, and dies there
    connection.ensure_connection()
    died = connection.connection.info.backend_pid
    connection.close()
    session.execute("SELECT pg_terminate_backend(%s, 10000)", [died])
    # When
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (now,) = cursor.fetchone()
    # Then
    assert now != died
