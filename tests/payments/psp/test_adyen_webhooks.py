"""Adyen's notifications in our words, item by item."""

from datetime import UTC, datetime

import pytest

from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.psp.news import CaptureEvent, DisputeEvent, Ignored, PaymentEvent, RefundEvent, WebhookEvent
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CaptureSucceeded,
    Declined,
    Expired,
    RefundFailed,
    RefundSucceeded,
    Voided,
)
from payments.states import DisputeState
from tests.payments.psp.adyen_items import ADAPTER, OURS, Item, body, item, modification

EUR = Money(1290, "EUR")


def told(*items: Item) -> tuple[WebhookEvent, ...]:
    return ADAPTER.parse_webhook(body=body(*items))


PAID = "NC6HT9CRT65ZGN82"
DONE = "WNS7WQ756L2GWR82"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (item(), PaymentEvent(OURS, PAID, Approved(PAID, captured=True, money=EUR))),
        (
            item(merchantReference=f"{OURS}-hold"),
            PaymentEvent(OURS, PAID, Approved(PAID, captured=False, money=EUR)),
        ),
        (
            item(merchantReference="order-7"),
            PaymentEvent(None, PAID, Approved(PAID, captured=False, money=EUR)),
        ),
        (
            item(success="false", reason="Expired Card"),
            PaymentEvent(OURS, PAID, Declined(PAID, reason="expired_card", soft=False, message="Expired Card")),
        ),
        (
            modification("CAPTURE"),
            CaptureEvent(OURS, DONE, payment_reference=PAID, outcome=CaptureSucceeded(DONE, EUR)),
        ),
        (
            modification("CAPTURE", merchantReference=f"{OURS}-hold"),
            CaptureEvent(None, DONE, payment_reference=PAID, outcome=CaptureSucceeded(DONE, EUR)),
        ),
        (
            modification("CAPTURE", success="false", reason="no balance"),
            CaptureEvent(OURS, DONE, payment_reference=PAID, outcome=CaptureFailed(DONE, reason="no balance")),
        ),
        (
            modification("CAPTURE_FAILED"),
            CaptureEvent(OURS, DONE, payment_reference=PAID, outcome=CaptureFailed(DONE, reason="CAPTURE_FAILED")),
        ),
        pytest.param(
            modification("CAPTURE", merchantReference=f"{OURS}-sale"),
            PaymentEvent(OURS, PAID, Approved(PAID, captured=True, money=EUR)),
            id="the capture of what was to be taken at once",
        ),
        pytest.param(
            modification("CAPTURE_FAILED", merchantReference=f"{OURS}-sale"),
            CaptureEvent(None, PAID, payment_reference=PAID, outcome=CaptureFailed(PAID, reason="CAPTURE_FAILED")),
            id="which has failed",
        ),
        (modification("CANCELLATION"), PaymentEvent(None, PAID, Voided(PAID))),
        (modification("TECHNICAL_CANCEL"), PaymentEvent(None, PAID, Voided(PAID))),
        (modification("CANCELLATION", success="false"), Ignored("CANCELLATION")),
        (modification("EXPIRE"), PaymentEvent(None, PAID, Expired(PAID))),
        (item("EXPIRE"), PaymentEvent(None, PAID, Expired(PAID))),
        (
            modification("REFUND"),
            RefundEvent(OURS, DONE, payment_reference=PAID, outcome=RefundSucceeded(DONE, EUR)),
        ),
        (
            modification("REFUND", success="false", reason="no balance"),
            RefundEvent(OURS, DONE, payment_reference=PAID, outcome=RefundFailed(DONE, reason="no balance")),
        ),
        (
            modification("REFUND_FAILED", reason="Account closed"),
            RefundEvent(OURS, DONE, payment_reference=PAID, outcome=RefundFailed(DONE, reason="Account closed")),
        ),
        (
            modification("REFUNDED_REVERSED"),
            RefundEvent(OURS, DONE, payment_reference=PAID, outcome=RefundFailed(DONE, reason="REFUNDED_REVERSED")),
        ),
        (item("REPORT_AVAILABLE"), Ignored("REPORT_AVAILABLE")),
        (item("OF_TOMORROW"), Ignored("OF_TOMORROW")),
        (item(merchantAccountCode="Another"), Ignored("AUTHORISATION")),
    ],
)
def test_an_item_is_read_in_our_words(said: Item, expected: WebhookEvent) -> None:
    assert told(said) == (expected,)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("REQUEST_FOR_INFORMATION", "warning_needs_response"),
        ("NOTIFICATION_OF_CHARGEBACK", "warning_needs_response"),
        ("INFORMATION_SUPPLIED", "warning_under_review"),
        ("CHARGEBACK", "needs_response"),
        ("CHARGEBACK_REVERSED", "won"),
        ("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "won"),
        ("PREARBITRATION_WON", "won"),
        ("SCHEME_ARBITRATION_WON", "won"),
        ("SECOND_CHARGEBACK", "lost"),
        ("PREARBITRATION_LOST", "lost"),
        ("SCHEME_ARBITRATION_LOST", "lost"),
    ],
)
def test_a_dispute_is_where_its_last_event_says(code: str, state: str) -> None:
    due = {"additionalData": {"defensePeriodEndsAt": "2027-01-02T12:00:00+01:00"}}
    (news,) = told(modification(code, reason="Fraud", **due))
    expected = DisputeEvent(
        DONE, PAID, DisputeState(state), EUR, "Fraud", evidence_due_at=datetime(2027, 1, 2, 11, tzinfo=UTC)
    )
    assert news == expected


@pytest.mark.parametrize(
    "said",
    [
        item(success="maybe"),
        item(success=True),
        item(amount={"currency": "EUR", "value": "1290"}),
        item(amount={"currency": "ISK", "value": 1290}),
        item(pspReference=""),
        modification("CAPTURE", originalReference=None),
        modification("CHARGEBACK", additionalData={"defensePeriodEndsAt": "soon"}),
    ],
)
def test_an_item_that_makes_no_sense_is_kept_for_people(said: Item) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, InvalidMoney)):
        told(said)


def test_items_are_read_in_their_order() -> None:
    news = told(item(), modification("CAPTURE"), item("REPORT_AVAILABLE"))
    assert [type(each).__name__ for each in news] == ["PaymentEvent", "CaptureEvent", "Ignored"]
