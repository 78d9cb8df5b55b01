"""Events as the servers send them, checked and read by the adapter: the same news as in the replies."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.news import PaymentEvent, RefundEvent
from payments.psp.outcomes import Approved, Declined, RefundSucceeded
from tests.psp_contract.conftest import Backend
from tests.waiting import eventually


def test_a_payment_is_told_as_it_was_answered(backend: Backend) -> None:
    attempt = uuid4()
    outcome = backend.authorize(attempt=attempt)
    assert isinstance(outcome, Approved)
    told = PaymentEvent(attempt, outcome.psp_reference, outcome)
    eventually(lambda: told in backend.news(), "the webhook tells of the payment")


def test_a_decline_is_told_as_it_was_answered(backend: Backend) -> None:
    attempt = uuid4()
    outcome = backend.authorize(backend.server.declined(backend.program.url), attempt=attempt)
    assert isinstance(outcome, Declined)

    def is_told() -> bool:
        news = [event for event in backend.news() if isinstance(event, PaymentEvent) and event.attempt_id == attempt]
        return [getattr(event.outcome, "reason", "") for event in news] == [outcome.reason]

    eventually(is_told, "the webhook tells of the decline")


def test_a_refund_is_told_as_it_was_answered(backend: Backend) -> None:
    payment, refund = backend.approved().psp_reference, uuid4()
    outcome = backend.settled(
        backend.adapter.refund(key=f"{refund}", psp_reference=payment, refund_id=refund, money=Money(290, "EUR"))
    )
    assert isinstance(outcome, RefundSucceeded)
    # Whatever is told of it comes after the news of the payment
    eventually(
        lambda: payment in [getattr(news, "psp_reference", "") for news in backend.news()], "the payment is told"
    )
    told = RefundEvent(refund, outcome.psp_reference, payment, outcome)
    if backend.can.tells_of_refunds:
        eventually(lambda: told in backend.news(), "the webhook tells of the refund")
    else:
        assert not any(isinstance(event, RefundEvent) for event in backend.news())


def test_an_event_is_not_taken_from_somebody_else(backend: Backend) -> None:
    backend.approved()
    eventually(lambda: len(backend.endpoint.taken) >= 1, "the webhook tells of the payment")
    body, headers = backend.endpoint.taken[0]
    with pytest.raises(BadSignature):
        backend.adapter.verify_webhook(headers=headers, body=body.replace(b"1", b"2"), now=datetime.now(UTC))
