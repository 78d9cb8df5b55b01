"""The outbox: written with what it tells, in versions without a gap, and never changed."""

import threading
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection
from django_subatomic import db
from psycopg.errors import InsufficientPrivilege

from exactly_once import outbox
from exactly_once.models import OutboxEvent
from tests.concurrency.crowd import crowd, everyone

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def publish(thing: str = "one", **payload: object) -> UUID:
    return outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload=payload, now=NOW)


def versions(thing: str = "one") -> list[int]:
    rows = OutboxEvent.objects.filter(aggregateid=thing).order_by("seq")
    return list(rows.values_list("aggregate_version", flat=True))


def test_an_event_has_the_columns_that_debezium_routes_by() -> None:
    # When
    with db.transaction():
        event_id = publish(amount_minor=1290)
    # Then
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, aggregatetype, aggregateid, type, payload->>'amount_minor', aggregate_version, schema_version,"
            " xid < pg_current_xact_id() FROM exactly_once_outboxevent"
        )
        assert cursor.fetchall() == [(event_id, "thing", "one", "thing.done", "1290", 1, 1, True)]
    assert event_id.version == 7


def test_an_event_keeps_a_trace_or_nothing() -> None:
    # Given what another kind of writer might put there
    words = ["00-x", f"00-{'0' * 32}-{'0' * 16}", f"00-{'A' * 32}-{'0' * 16}-01"]
    # When
    for word in words:
        with pytest.raises(IntegrityError, match="outbox_event_traceparent"), db.transaction():
            OutboxEvent.objects.create(
                aggregatetype="thing",
                aggregateid="one",
                aggregate_version=1,
                type="thing.done",
                payload={},
                occurred_at=NOW,
                traceparent=word,
            )
    # Then
    assert versions() == []


def test_an_event_is_written_in_the_transaction_of_what_it_tells() -> None:
    with pytest.raises(db._MissingRequiredTransaction):
        publish()

    @db.transaction
    def work() -> None:
        publish()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert not OutboxEvent.objects.exists()


def test_versions_count_each_aggregate_for_itself_without_a_gap() -> None:
    # When
    for thing in ("one", "two", "one"):
        with db.transaction():
            publish(thing)
            publish(thing)
    # Then
    assert (versions("one"), versions("two")) == ([1, 2, 3, 4], [1, 2])


def test_writers_who_lock_their_aggregate_leave_no_gap() -> None:
    # When
    @db.transaction
    def lock_and_publish() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(1)")
        publish()

    everyone(10, lambda _: [lock_and_publish() for _ in range(5)])
    # Then
    assert versions() == list(range(1, 51))


def test_a_writer_without_the_lock_is_refused_rather_than_given_anothers_version() -> None:
    # Given
    both_begun = threading.Barrier(2)

    @db.transaction
    def publish_without_lock() -> None:
        both_begun.wait(timeout=30)
        publish()

    # When
    results = crowd(2, lambda _: publish_without_lock())
    # Then
    assert sorted(type(result).__name__ for result in results) in (["IntegrityError", "NoneType"], ["NoneType"] * 2)
    assert versions() == list(range(1, len(versions()) + 1))


STATEMENTS = (
    "UPDATE exactly_once_outboxevent SET payload = '{}'",
    "DELETE FROM exactly_once_outboxevent",
    "TRUNCATE exactly_once_outboxevent CASCADE",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_not_even_the_owner_changes_what_was_published(statement: str) -> None:
    # Given
    with db.transaction():
        publish()
    # When
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)
    # Then
    assert versions() == [1]


@pytest.mark.parametrize(
    "statement", [*STATEMENTS, "DELETE FROM exactly_once_idempotencykey", "TRUNCATE exactly_once_idempotencykey"]
)
def test_the_application_has_no_right_to_try(application: psycopg.Connection, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        application.execute(statement)


def test_the_application_may_publish_and_read(application: psycopg.Connection) -> None:
    # When
    application.execute(
        "INSERT INTO exactly_once_outboxevent"
        " (aggregatetype, aggregateid, aggregate_version, type, payload, schema_version, occurred_at)"
        " VALUES ('thing', 'one', 1, 'thing.done', '{}', 1, now())"
    )
    # Then
    assert application.execute("SELECT aggregateid FROM exactly_once_outboxevent").fetchall() == [("one",)]


def test_every_table_of_the_project_is_the_applications_to_use(application: psycopg.Connection) -> None:
    # Default privileges come first of all migrations, so no table of any package is forgotten.
    unreadable = application.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND relname <> 'django_migrations' AND NOT has_table_privilege(oid, 'SELECT')"
    ).fetchall()
    assert unreadable == []
