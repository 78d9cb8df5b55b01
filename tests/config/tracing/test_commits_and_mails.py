"""The spans of what takes time without being a statement: a COMMIT, a mail."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.db.backends.signals import connection_created
from django_subatomic import db
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from checkout.notify import confirm_order
from config.tracing.statements import trace_statement, watch
from exactly_once import tracing
from exactly_once.outbox import OutboxMessage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMIT = {"db.system.name": "postgresql", "db.operation.name": "COMMIT"}
CONFIRMED = {
    "id": "ord_1",
    "buyer_email": "ada@example.com",
    "total_minor": 1290,
    "currency": "EUR",
    "line_items": [{"sku": "mug", "name": "Mug", "quantity": 1}],
}


@pytest.fixture
def watched(transactional_db: None) -> Iterator[None]:
    """The test's connection, as it is where an endpoint is set; twice, as with a second connection of one object."""
    connection.ensure_connection()
    watch(connection=connection)
    watch(connection=connection)
    yield
    connection.execute_wrappers.remove(trace_statement)
    del connection.commit


def spans(told: InMemorySpanExporter) -> list[tuple[str, dict[str, Any]]]:
    return [(span.name, dict(span.attributes or {})) for span in told.get_finished_spans()]


@pytest.mark.usefixtures("watched")
def test_a_commit_is_told_only_inside_a_span(told: InMemorySpanExporter) -> None:
    with db.transaction():
        connection.cursor().execute("SELECT 1")
    with tracing.span("request"), db.transaction():
        connection.cursor().execute("SELECT 1")

    assert [name for name, _ in spans(told)] == ["SELECT", "COMMIT", "request"]
    _, commit, request = told.get_finished_spans()
    assert dict(commit.attributes or {}) == COMMIT
    assert commit.parent is not None
    assert commit.parent.span_id == request.context.span_id


@pytest.mark.usefixtures("transactional_db")
def test_a_connection_that_is_opened_anew_while_somebody_watches_it_is_traced_once(told: InMemorySpanExporter) -> None:
    # Given statements that are watched for a while, and a connection that is lost meanwhile, again and again
    def another(execute: Any, *statement: Any) -> Any:
        return execute(*statement)

    connection.close()
    connection_created.connect(watch)
    try:
        for _ in range(3):
            with connection.execute_wrapper(another):
                connection.close()
                connection.cursor().execute("SELECT 1")
        # When
        wrappers = list(connection.execute_wrappers)
        with tracing.span("request"), db.transaction():
            connection.cursor().execute("SELECT 1")
    finally:
        connection_created.disconnect(watch)
        connection.execute_wrappers.clear()
        del connection.commit
    # Then
    assert wrappers == [trace_statement]
    assert [name for name, _ in spans(told)] == ["SELECT", "COMMIT", "request"]


@pytest.mark.usefixtures("watched")
def test_a_constraint_that_is_asked_at_commit_fails_the_commit_by_its_type_alone(told: InMemorySpanExporter) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE fruit (name text UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    with pytest.raises(IntegrityError, match="ada"), tracing.span("request"), db.transaction():
        connection.cursor().execute("INSERT INTO fruit VALUES (%s), (%s)", ["ada@example.com"] * 2)

    insert, commit, _ = told.get_finished_spans()
    assert (insert.name, insert.status.status_code) == ("INSERT", StatusCode.UNSET)
    assert (commit.name, commit.status.status_code) == ("COMMIT", StatusCode.ERROR)
    assert dict(commit.attributes or {}) == {**COMMIT, "error.type": "IntegrityError"}
    assert (commit.status.description, commit.events) == (None, ())


def _confirm() -> None:
    confirm_order(OutboxMessage(UUID(int=1), "order", "ord_1", 1, "order.confirmed", 2, CONFIRMED, NOW))


def test_a_mail_is_told_without_whom_it_is_to(told: InMemorySpanExporter) -> None:
    _confirm()

    assert spans(told) == [("send mail confirmed", {})]
    assert [sent.to for sent in mail.outbox] == [["ada@example.com"]]


def test_a_mail_that_cannot_be_sent_is_told_by_the_errors_type(
    told: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", _refuse)

    with pytest.raises(ConnectionRefusedError):
        _confirm()

    assert spans(told) == [("send mail confirmed", {"error.type": "ConnectionRefusedError"})]


def _refuse(_backend: object, messages: list[Any]) -> int:
    raise ConnectionRefusedError(f"no mail to {messages[0].to}")
