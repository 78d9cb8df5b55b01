"""Events as the servers send them, checked and read by the adapter: the same news as in the replies."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.news import PaymentEvent, RefundEvent, WebhookEvent
from payments.psp.outcomes import Approved, Declined, RefundSucceeded
from tests.psp_contract.conftest import Backend
from tests.waiting import eventually
from tests.webhook_endpoint import Endpoint


@pytest.fixture
def endpoint(backend: Backend) -> Iterator[Endpoint]:
    endpoint = Endpoint()
    backend.server.send_webhooks(backend.program.url, endpoint.url)
    yield endpoint
    endpoint.close()


def _news(backend: Backend, endpoint: Endpoint) -> list[WebhookEvent]:
    """Return what the events say, each checked as the view does it."""
    now = datetime.now(UTC)
    for body, signature in endpoint.taken:
        backend.adapter.verify_webhook(headers={"Stripe-Signature": signature}, body=body, now=now)
    return [news for body, _ in endpoint.taken for news in backend.adapter.parse_webhook(body=body)]


def test_a_payment_is_told_as_it_was_answered(backend: Backend, endpoint: Endpoint) -> None:
    attempt = uuid4()
    outcome = backend.authorize(attempt=attempt)
    assert isinstance(outcome, Approved)
    told = PaymentEvent(attempt, outcome.psp_reference, outcome)
    eventually(lambda: told in _news(backend, endpoint), "the webhook tells of the payment")


def test_a_decline_is_told_as_it_was_answered(backend: Backend, endpoint: Endpoint) -> None:
    attempt = uuid4()
    outcome = backend.authorize(backend.server.declined(backend.program.url), attempt=attempt)
    assert isinstance(outcome, Declined)

    def is_told() -> bool:
        news = [event for event in _news(backend, endpoint) if isinstance(event, PaymentEvent)]
        return [(event.attempt_id, getattr(event.outcome, "reason", "")) for event in news] == [
            (attempt, outcome.reason)
        ]

    eventually(is_told, "the webhook tells of the decline")


def test_a_refund_is_told_as_it_was_answered(backend: Backend, endpoint: Endpoint) -> None:
    payment, refund = backend.approved().psp_reference, uuid4()
    outcome = backend.adapter.refund(key=f"{refund}", psp_reference=payment, refund_id=refund, money=Money(290, "EUR"))
    assert isinstance(outcome, RefundSucceeded)
    # Whatever is told of it comes after the news of the payment
    eventually(lambda: len(_news(backend, endpoint)) >= 1, "the webhook tells of the payment")
    told = RefundEvent(refund, outcome.psp_reference, payment, outcome)
    if backend.can.tells_of_refunds:
        eventually(lambda: told in _news(backend, endpoint), "the webhook tells of the refund")
    else:
        assert not any(isinstance(event, RefundEvent) for event in _news(backend, endpoint))


def test_an_event_is_not_taken_from_somebody_else(backend: Backend, endpoint: Endpoint) -> None:
    backend.approved()
    eventually(lambda: len(endpoint.taken) >= 1, "the webhook tells of the payment")
    body, signature = endpoint.taken[0]
    with pytest.raises(BadSignature):
        backend.adapter.verify_webhook(
            headers={"Stripe-Signature": signature}, body=body + b"\n", now=datetime.now(UTC)
        )
