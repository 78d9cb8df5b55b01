"""A sale over real processes, as a collector sees it: one trace from the buyer's request to the mail that it sends."""

from collections.abc import Iterator

import pytest

from config.services.stack import Stack
from tests.campaigns import PROCESSES
from tests.config.tracing.receiver import Receiver, ToldSpan, receiving
from tests.shop import Shop, shop_at
from tests.stack import new_stack
from tests.waiting import eventually

pytestmark = PROCESSES.only

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PAY = "POST api/v1/checkout-sessions/<slug:session_id>/complete"
SECONDS = 60


@pytest.fixture(scope="module")
def collector() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stack(collector: Receiver) -> Iterator[Stack]:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with new_stack("traced", environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    with shop_at(stack) as shop:
        shop.http.headers["traceparent"] = f"00-{TRACE}-{CALLER}-01"
        assert shop.pay(shop.open_session()).status_code == 200
        yield shop


def the(collector: Receiver, name: str, *, trace_id: str = TRACE) -> ToldSpan:
    """Wait for the first span of this name in a trace."""

    def found() -> list[ToldSpan]:
        return [span for span in collector.trace(trace_id).values() if span.name == name]

    eventually(lambda: bool(found()), f"there is a span {name!r}", within_seconds=SECONDS)
    return found()[0]


def parent_of(collector: Receiver, span: ToldSpan) -> ToldSpan:
    """Wait for what a span was begun in: each process tells of its own when it likes."""
    eventually(
        lambda: span.parent_id in collector.trace(span.trace_id),
        f"what {span.name!r} was begun in is told",
        within_seconds=SECONDS,
    )
    return collector.trace(span.trace_id)[span.parent_id]


def below(collector: Receiver, parent: ToldSpan) -> list[ToldSpan]:
    return [span for span in collector.trace(parent.trace_id).values() if span.parent_id == parent.id]


@pytest.mark.usefixtures("shop")
def test_a_request_goes_on_with_its_callers_trace_down_to_its_statements(collector: Receiver) -> None:
    request = the(collector, PAY)

    assert (request.service, request.kind, request.parent_id) == ("tally-web", "SERVER", CALLER)
    assert request.attributes["http.response.status_code"] == 200
    statements = [span for span in below(collector, request) if span.attributes.get("db.system.name")]
    assert len(statements) > 10
    texts = [span.attributes.get("db.query.text", span.name) for span in statements]
    assert any("INSERT INTO exactly_once_outboxevent" in text for text in texts)
    assert "COMMIT" in texts


@pytest.mark.usefixtures("shop")
def test_the_call_to_the_psp_is_a_span_of_the_request_without_its_address(collector: Receiver) -> None:
    request = the(collector, PAY)
    call = the(collector, "POST 127.0.0.1")

    assert (call.service, call.kind, call.parent_id) == ("tally-web", "CLIENT", request.id)
    assert call.attributes == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }


@pytest.mark.usefixtures("shop")
def test_it_goes_on_through_outbox_relay_and_broker_to_the_mail_of_a_worker(collector: Receiver) -> None:
    # Given what the buyer's order is confirmed by
    mail = the(collector, "send mail confirmed")
    # When followed back to where it began
    handled = parent_of(collector, mail)
    run = parent_of(collector, handled)
    sent = parent_of(collector, run)
    request = parent_of(collector, sent)
    # Then
    assert [(span.service, span.kind, span.name) for span in (request, sent, run, handled, mail)] == [
        ("tally-web", "SERVER", PAY),
        ("tally-relay", "PRODUCER", "send exactly_once.run_handler"),
        ("tally-worker", "CONSUMER", "run exactly_once.run_handler"),
        ("tally-worker", "INTERNAL", "handle order.confirmed"),
        ("tally-worker", "CLIENT", "send mail confirmed"),
    ]
    statements = {span.attributes.get("db.query.text", span.name) for span in below(collector, run)}
    assert "COMMIT" in statements
    assert any("exactly_once_handlerrun" in text for text in statements)


@pytest.mark.usefixtures("shop")
def test_a_webhook_has_a_trace_in_which_its_event_is_processed_linked_to_the_message(collector: Receiver) -> None:
    # Given a webhook, which came without a trace
    eventually(
        lambda: any(span.name.startswith("process stripe") for span in collector.spans()),
        "an event is processed",
        within_seconds=SECONDS,
    )
    processed = next(span for span in collector.spans() if span.name == "process stripe event")
    # When
    webhook = parent_of(collector, processed)
    # Then
    assert (webhook.service, webhook.kind, webhook.parent_id) == ("tally-web", "SERVER", "")
    assert webhook.name == "POST webhooks/<slug:psp>/<slug:account>"
    [(trace_id, span_id)] = processed.links
    eventually(lambda: span_id in collector.trace(trace_id), "the task's own span has come", within_seconds=SECONDS)
    run = collector.trace(trace_id)[span_id]
    assert (run.service, run.name) == ("tally-worker", "run exactly_once.process_inbox_events")


@pytest.mark.usefixtures("shop")
def test_nothing_looks_for_work_in_a_trace_of_its_own(collector: Receiver) -> None:
    the(collector, "handle order.confirmed")

    alone = {span.name for span in collector.spans() if not span.parent_id}
    assert {
        name for name in alone if name.startswith(("SELECT", "run payments.sweep", "run exactly_once.sweep"))
    } == set()


def test_no_span_tells_who_pays_or_how(collector: Receiver, shop: Shop) -> None:
    the(collector, "handle order.confirmed")

    told = b"".join(collector.raw).decode(errors="replace")
    assert "INSERT INTO" in told
    for secret in ("@example", "pm_card_visa", "Bearer", "whsec_", "sk_test", shop.stack.api_key, "Ada"):
        assert secret not in told, secret


def test_log_lines_name_the_trace(collector: Receiver, shop: Shop) -> None:
    the(collector, "handle order.confirmed")

    lines = (shop.stack.state.logs / "web.log").read_text().splitlines()
    assert any("request_finished" in line and f"trace_id={TRACE}" in line for line in lines)
