"""Stripe's events: whose bytes they are, and what they say."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.news import Ignored, PaymentEvent, RefundEvent, WebhookEvent
from payments.psp.outcomes import (
    Approved,
    Declined,
    RefundCanceled,
    RefundFailed,
    RefundPending,
    RefundRequiresAction,
    RefundSucceeded,
    RequiresAction,
    Voided,
)
from payments.psp.stripe import UNREADABLE, StripeAdapter

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "whsec_test"
OURS = UUID("0b0e7f4e-5d0c-4f0e-9c69-6f1e0a3f7f01")
EUR = Money(1290, "EUR")


@pytest.fixture
def adapter() -> StripeAdapter:
    return StripeAdapter(
        api_key="sk_test",
        webhook_secret=SECRET,
        api_base="http://psp.invalid",
        connect_timeout_seconds=1,
        read_timeout_seconds=1,
    )


def _signature(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> str:
    timestamp = int(at.timestamp())
    return f"t={timestamp},v1={hmac.new(secret.encode(), b'%d.%s' % (timestamp, body), hashlib.sha256).hexdigest()}"


EVENT = b'{"id": "evt_1", "object": "event"}'


@pytest.mark.parametrize("name", ["Stripe-Signature", "stripe-signature"])
def test_a_signature_over_these_bytes_is_taken(adapter: StripeAdapter, name: str) -> None:
    assert adapter.verify_webhook(headers={name: _signature(EVENT)}, body=EVENT, now=NOW) == "evt_1"


def test_one_good_signature_among_several_is_enough(adapter: StripeAdapter) -> None:
    signature = _signature(EVENT, secret="whsec_old") + "," + _signature(EVENT).split(",")[1]
    assert adapter.verify_webhook(headers={"Stripe-Signature": signature}, body=EVENT, now=NOW) == "evt_1"


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        pytest.param(None, EVENT, id="missing"),
        pytest.param("", EVENT, id="empty"),
        pytest.param("nonsense", EVENT, id="no signature at all"),
        pytest.param(_signature(EVENT, secret="whsec_other"), EVENT, id="of another secret"),
        pytest.param(_signature(EVENT), EVENT + b" ", id="of other bytes"),
        pytest.param(_signature(EVENT).replace("v1=", "v0="), EVENT, id="of another scheme"),
        pytest.param(f"t={int(NOW.timestamp())},v1=é", EVENT, id="beyond ASCII"),
        pytest.param(f"t={'9' * 5000},v1=00", EVENT, id="at a time without end"),
        pytest.param(_signature(EVENT, at=NOW - timedelta(seconds=301)), EVENT, id="too old"),
        pytest.param(_signature(b"\xff"), b"\xff", id="over bytes that are no text"),
    ],
)
def test_any_other_signature_is_refused(adapter: StripeAdapter, signature: str | None, body: bytes) -> None:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    with pytest.raises(BadSignature) as refusal:
        adapter.verify_webhook(headers=headers, body=body, now=NOW)
    assert refusal.value.code == "signature_invalid"


def test_a_signature_may_be_five_minutes_old_by_the_time_that_is_passed_in(adapter: StripeAdapter) -> None:
    signed = _signature(EVENT, at=NOW - timedelta(seconds=300))
    assert adapter.verify_webhook(headers={"Stripe-Signature": signed}, body=EVENT, now=NOW) == "evt_1"


@pytest.mark.parametrize("body", [b"welcome", b"[]", b"null", b"{}", b'{"id": 1}', b'{"id": ""}'])
def test_signed_bytes_that_are_no_event_are_refused(adapter: StripeAdapter, body: bytes) -> None:
    with pytest.raises(BadSignature) as refusal:
        adapter.verify_webhook(headers={"Stripe-Signature": _signature(body)}, body=body, now=NOW)
    assert refusal.value.code == "event_invalid"


def _event(kind: str, **subject: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": subject}}).encode()


def _payment(kind: str, **changes: Any) -> bytes:
    intent = {"id": "pi_1", "amount": 1290, "currency": "eur", "metadata": {"tally_attempt": str(OURS)}}
    return _event(f"payment_intent.{kind}", **{**intent, **changes})


def _refund(kind: str, **changes: Any) -> bytes:
    refund = {"id": "re_1", "amount": 290, "currency": "eur", "payment_intent": "pi_1"}
    return _event(kind, **{**refund, "metadata": {"tally_refund": str(OURS)}, **changes})


URL = "https://bank.example/3ds"
NO = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            _payment("succeeded", status="succeeded", amount_received=1290),
            PaymentEvent(OURS, "pi_1", Approved("pi_1", captured=True, money=EUR)),
            id="captured",
        ),
        pytest.param(
            _payment("succeeded", status="succeeded", amount_received=1000),
            PaymentEvent(OURS, "pi_1", Approved("pi_1", captured=True, money=Money(1000, "EUR"))),
            id="another amount, as it is",
        ),
        pytest.param(
            _payment("amount_capturable_updated", status="requires_capture", amount_capturable=1290),
            PaymentEvent(OURS, "pi_1", Approved("pi_1", captured=False, money=EUR)),
            id="authorised",
        ),
        pytest.param(
            _payment("payment_failed", status="requires_payment_method", last_payment_error=NO),
            PaymentEvent(
                OURS,
                "pi_1",
                Declined("pi_1", reason="insufficient_funds", soft=True, message="insufficient_funds: No."),
            ),
            id="declined",
        ),
        pytest.param(
            _payment(
                "payment_failed",
                status="requires_payment_method",
                last_payment_error={"code": "payment_intent_authentication_failure"},
            ),
            PaymentEvent(
                OURS,
                "pi_1",
                Declined(
                    "pi_1",
                    reason="authentication_failed",
                    soft=False,
                    message="payment_intent_authentication_failure: ",
                ),
            ),
            id="3-D Secure failed",
        ),
        pytest.param(
            _payment("requires_action", status="requires_action", next_action={"redirect_to_url": {"url": URL}}),
            PaymentEvent(OURS, "pi_1", RequiresAction("pi_1", redirect_url=URL)),
            id="3-D Secure asked",
        ),
        pytest.param(
            _payment("canceled", status="canceled"), PaymentEvent(OURS, "pi_1", Voided("pi_1")), id="canceled"
        ),
        pytest.param(
            _payment("canceled", status="canceled", metadata={}),
            PaymentEvent(None, "pi_1", Voided("pi_1")),
            id="not ours, or not known to be",
        ),
        pytest.param(
            _payment("canceled", status="canceled", metadata={"tally_attempt": "x"}),
            PaymentEvent(None, "pi_1", Voided("pi_1")),
            id="an id that is none of ours",
        ),
        pytest.param(_payment("processing", status="processing"), Ignored("payment_intent.processing"), id="undecided"),
        pytest.param(_payment("created", status="succeeded"), Ignored("payment_intent.created"), id="created"),
        pytest.param(
            _refund("refund.created", status="succeeded"),
            RefundEvent(OURS, "re_1", "pi_1", RefundSucceeded("re_1", Money(290, "EUR"))),
            id="refunded",
        ),
        pytest.param(
            _refund("refund.created", status="pending"),
            RefundEvent(OURS, "re_1", "pi_1", RefundPending("re_1")),
            id="refund under way",
        ),
        pytest.param(
            _refund("refund.failed", status="failed", failure_reason="lost_or_stolen_card"),
            RefundEvent(OURS, "re_1", "pi_1", RefundFailed("re_1", reason="lost_or_stolen_card")),
            id="refund came back",
        ),
        pytest.param(
            _refund("charge.refund.updated", status="failed"),
            RefundEvent(OURS, "re_1", "pi_1", RefundFailed("re_1", reason="failed")),
            id="refund came back, told by an older API version",
        ),
        pytest.param(
            _refund("refund.updated", status="canceled"),
            RefundEvent(OURS, "re_1", "pi_1", RefundCanceled("re_1", reason="canceled")),
            id="refund canceled",
        ),
        pytest.param(
            _refund("refund.updated", status="requires_action"),
            RefundEvent(OURS, "re_1", "pi_1", RefundRequiresAction("re_1")),
            id="the buyer has to act before they are paid back",
        ),
        pytest.param(
            _event("charge.refunded", id="ch_1", amount_refunded=290),
            Ignored("charge.refunded"),
            id="the charge's view of a refund",
        ),
    ],
)
def test_an_event_is_read_in_our_words(adapter: StripeAdapter, body: bytes, expected: WebhookEvent) -> None:
    assert adapter.parse_webhook(body=body) == (expected,)


@pytest.mark.parametrize(
    "body",
    [
        _payment("succeeded", status="succeeded", amount_received=12.9),
        _payment("succeeded", status="succeeded", currency="xxq"),
        _refund("refund.updated", status="teleported"),
        _event("payment_intent.succeeded", status="succeeded"),
    ],
)
def test_an_event_that_makes_no_sense_is_not_taken_for_nothing(adapter: StripeAdapter, body: bytes) -> None:
    with pytest.raises(UNREADABLE):  # so the inbox keeps the event and tries again
        adapter.parse_webhook(body=body)
