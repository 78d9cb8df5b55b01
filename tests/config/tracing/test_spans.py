"""The spans of single parts, as they are made."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django_subatomic import db
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from config import logs
from config.celery import app
from config.tracing.statements import trace_statement, without_values
from config.tracing.tasks import TracedTask
from exactly_once import handlers, inbox, outbox, relay, tracing
from exactly_once import wake as waking
from exactly_once.models import HandlerRun, OutboxEvent

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FOLLOWS = f"00-{TRACE}-{CALLER}-01"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def parent(span: ReadableSpan) -> tuple[str, str] | None:
    return (format_trace_id(span.parent.trace_id), format_span_id(span.parent.span_id)) if span.parent else None


def names(told: InMemorySpanExporter) -> list[str]:
    return [span.name for span in told.get_finished_spans()]


def test_without_an_endpoint_nothing_is_installed() -> None:
    assert settings.TRACING is False
    assert not [name for name in settings.MIDDLEWARE if "tracing" in name]
    assert not issubclass(app.Task, TracedTask)
    assert trace_statement not in connection.execute_wrappers
    assert "commit" not in vars(connections["default"])  # is the class's own
    with tracing.span("anything"):
        assert (tracing.traceparent(), tracing.ids()) == ("", None)


def test_what_follows_another_trace_is_in_it_and_linked_to_where_it_was_found(told: InMemorySpanExporter) -> None:
    with tracing.span("sweep"), tracing.span("found", follows=FOLLOWS):
        assert tracing.traceparent().startswith(f"00-{TRACE}-")

    found, sweep = told.get_finished_spans()
    assert parent(found) == (TRACE, CALLER)
    assert [link.context.span_id for link in found.links] == [sweep.context.span_id]


def test_what_follows_the_trace_that_it_is_in_is_a_child_of_the_open_span(told: InMemorySpanExporter) -> None:
    with tracing.span("run", follows=FOLLOWS), tracing.span("handle", follows=FOLLOWS):
        pass

    handle, run = told.get_finished_spans()
    assert parent(handle) == (TRACE, format_span_id(run.context.span_id))
    assert handle.links == ()


@pytest.mark.parametrize(
    "word", ["", "x", f"00-{'0' * 32}-{CALLER}-01", f"{FOLLOWS},{FOLLOWS}", f"ff-{TRACE}-{CALLER}-01"]
)
def test_what_is_no_trace_is_not_followed(told: InMemorySpanExporter, word: str) -> None:
    with tracing.span("request", follows=word):
        pass

    assert [parent(span) for span in told.get_finished_spans()] == [None]


def test_an_error_is_named_by_its_type_and_never_by_its_text(told: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="ada"), tracing.span("work"):
        raise ValueError("ada@example.com")

    [span] = told.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert (dict(span.attributes or {}), span.events) == ({"error.type": "ValueError"}, ())


@pytest.mark.django_db
def test_a_statement_is_told_without_its_values_and_only_inside_a_span(told: InMemorySpanExporter) -> None:
    with connection.execute_wrapper(trace_statement), connection.cursor() as cursor:
        cursor.execute("SELECT %s::text, 'hunter2'", ["ada@example.com"])
        with tracing.span("request"):
            cursor.execute("SELECT %s::text, 'hunter2'", ["ada@example.com"])

    statement, _ = told.get_finished_spans()
    assert names(told) == ["SELECT", "request"]
    assert dict(statement.attributes or {}) == {
        "db.system.name": "postgresql",
        "db.operation.name": "SELECT",
        "db.query.text": "SELECT %s::text, '?'",
    }


@pytest.mark.django_db
def test_a_statement_that_says_nothing_is_run_all_the_same(told: InMemorySpanExporter) -> None:
    with connection.execute_wrapper(trace_statement), connection.cursor() as cursor, tracing.span("request"):
        cursor.execute(" ")

    assert names(told) == ["", "request"]


def test_a_literal_with_a_quote_inside_is_left_out_as_a_whole() -> None:
    assert without_values("SELECT 'it''s', \"column\", 'b'") == "SELECT '?', \"column\", '?'"


def _answer(_request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(status=503 if number == 5 else 200)


urlpatterns = [path("things/<int:number>", _answer)]


@override_settings(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["config.health.HealthMiddleware", "config.tracing.middleware.TracingMiddleware"],
)
def test_a_request_is_told_by_its_route_and_answer(told: InMemorySpanExporter) -> None:
    client = Client(headers={"traceparent": FOLLOWS})

    client.get("/things/4?token=hunter2")
    client.get("/things/5")
    client.get("/nowhere/ada@example.com")
    client.get("/healthz")

    fine, failed, nowhere = told.get_finished_spans()
    assert names(told) == ["GET things/<int:number>", "GET things/<int:number>", "GET"]
    assert dict(fine.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "things/<int:number>",
        "http.response.status_code": 200,
    }
    assert (failed.status.status_code, (failed.attributes or {})["error.type"]) == (StatusCode.ERROR, "503")
    assert (nowhere.attributes or {})["http.response.status_code"] == 404
    assert {parent(span) for span in (fine, failed, nowhere)} == {(TRACE, CALLER)}


def test_a_task_goes_on_with_the_trace_of_its_message(told: InMemorySpanExporter) -> None:
    @app.task(base=TracedTask, name="tests.traced", shared=False)
    def task() -> str:
        return tracing.traceparent()

    inside = task.apply(headers={"traceparent": FOLLOWS}).get()

    [span] = told.get_finished_spans()
    assert (span.name, parent(span)) == ("run tests.traced", (TRACE, CALLER))
    assert inside == f"00-{TRACE}-{format_span_id(span.context.span_id)}-01"


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    with Celery("test", broker="memory://", set_as_current=False) as app:
        monkeypatch.setattr(waking, "current_app", app)
        monkeypatch.setattr(waking._Broker, "away_until", 0.0)
        yield app


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_on_with_its_trace_through_the_relay_and_the_message_to_its_handler(
    told: InMemorySpanExporter, broker: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an event that a request published
    heard: list[str] = []
    subscriber = {"mail": lambda _message: heard.append(tracing.traceparent())}
    monkeypatch.setitem(outbox._subscribers, "order.confirmed", subscriber)
    with tracing.span("request", follows=FOLLOWS), db.transaction():
        outbox.publish(aggregatetype="thing", aggregateid="one", type="order.confirmed", payload={}, now=NOW)
    kept = OutboxEvent.objects.get().traceparent
    # When the relay hands it on, and somebody other than who gets the message runs its handler
    relay.feed_handlers(now=NOW)
    handlers.run_handler(run_id=HandlerRun.objects.get().pk, now=NOW)
    # Then
    request, send, handle = told.get_finished_spans()
    assert names(told) == ["request", "send exactly_once.run_handler", "handle order.confirmed"]
    assert kept.split("-")[1:3] == [TRACE, format_span_id(request.context.span_id)]
    assert {parent(send), parent(handle)} == {(TRACE, format_span_id(request.context.span_id))}
    assert [traceparent.split("-")[1] for traceparent in heard] == [TRACE]
    with broker.connection_for_read() as connected:
        message = connected.SimpleQueue("celery").get(timeout=5)
    assert message.headers["traceparent"].split("-")[1:3] == [TRACE, format_span_id(send.context.span_id)]
    assert message.headers["argsrepr"] == f"({HandlerRun.objects.get().pk},)"


def test_a_broker_that_is_away_ends_the_span_of_waking(told: InMemorySpanExporter, broker: Celery) -> None:
    broker.conf.update(broker_url="redis://127.0.0.1:1/0")
    broker.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS

    assert waking.wake("exactly_once.run_handler", 1) is False

    [send] = told.get_finished_spans()
    assert (send.status.status_code, tracing.ids()) == (StatusCode.ERROR, None)


@pytest.mark.django_db(transaction=True)
def test_an_event_from_outside_is_processed_in_the_trace_of_who_brought_it(
    told: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(inbox._handlers, "shop", lambda _message: None)
    with tracing.span("request", follows=FOLLOWS):
        received = inbox.receive(source="shop", account="main", event_id="evt_1", headers={}, body=b"", now=NOW)
    # When
    with tracing.span("run"):
        inbox.process(event_id=received.id, now=NOW)
    # Then
    request, process, run = told.get_finished_spans()
    assert (process.name, parent(process)) == ("process shop event", (TRACE, format_span_id(request.context.span_id)))
    assert [link.context.span_id for link in process.links] == [run.context.span_id]


def test_a_log_line_names_the_open_span(told: InMemorySpanExporter) -> None:
    with tracing.span("request", follows=FOLLOWS):
        inside = logs.name_trace(None, "info", {"event": "payment.captured"})
    outside = logs.name_trace(None, "info", {"event": "payment.captured"})

    [span] = told.get_finished_spans()
    assert (inside["trace_id"], inside["span_id"]) == (TRACE, format_span_id(span.context.span_id))
    assert outside == {"event": "payment.captured"}


def test_a_sweep_has_no_span(told: InMemorySpanExporter) -> None:
    class Sweep(TracedTask):
        name = "payments.sweep"

        def run(self) -> str:
            return "swept"

    Sweep.bind(app)
    assert (Sweep()(), names(told)) == ("swept", [])
