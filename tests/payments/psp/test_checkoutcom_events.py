"""Checkout.com's events: whose bytes they are, and what they say."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.checkoutcom import CheckoutComAdapter
from payments.psp.checkoutcom_client import UNREADABLE
from payments.psp.news import CaptureEvent, DisputeEvent, Ignored, PaymentEvent, RefundEvent, WebhookEvent
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CaptureSucceeded,
    Declined,
    Expired,
    RefundFailed,
    RefundPending,
    RefundSucceeded,
    Voided,
)
from payments.states import DisputeState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "signing-secret"
AGREED = "an agreed word"
OURS = UUID("0b0e7f4e-5d0c-4f0e-9c69-6f1e0a3f7f01")
EUR = Money(1290, "EUR")


def _adapter(**options: str) -> CheckoutComAdapter:
    return CheckoutComAdapter(
        secret_key="sk_test",
        webhook_secret=SECRET,
        api_base="http://psp.invalid",
        connect_timeout_seconds=1,
        read_timeout_seconds=1,
        **options,
    )


@pytest.fixture
def adapter() -> CheckoutComAdapter:
    return _adapter()


def _signature(body: bytes, *, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


EVENT = b'{"id": "evt_1", "type": "payment_approved"}'


@pytest.mark.parametrize("name", ["Cko-Signature", "cko-signature"])
def test_a_signature_over_these_bytes_is_taken(adapter: CheckoutComAdapter, name: str) -> None:
    assert adapter.verify_webhook(headers={name: _signature(EVENT)}, body=EVENT, now=NOW) == "evt_1"


def test_a_signature_may_be_written_large(adapter: CheckoutComAdapter) -> None:
    headers = {"Cko-Signature": _signature(EVENT).upper()}
    assert adapter.verify_webhook(headers=headers, body=EVENT, now=NOW) == "evt_1"


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        pytest.param(None, EVENT, id="missing"),
        pytest.param("", EVENT, id="empty"),
        pytest.param("nonsense", EVENT, id="no signature at all"),
        pytest.param(_signature(EVENT, secret="another"), EVENT, id="of another secret"),
        pytest.param(_signature(EVENT), EVENT + b" ", id="of other bytes"),
        pytest.param("é" * 64, EVENT, id="beyond ASCII"),
        pytest.param("\udce9" * 64, EVENT, id="beyond Unicode"),
    ],
)
def test_any_other_signature_is_refused(adapter: CheckoutComAdapter, signature: str | None, body: bytes) -> None:
    headers = {} if signature is None else {"Cko-Signature": signature}
    with pytest.raises(BadSignature) as refusal:
        adapter.verify_webhook(headers=headers, body=body, now=NOW)
    assert refusal.value.code == "signature_invalid"


@pytest.mark.parametrize(("given", "is_taken"), [(AGREED, True), ("another word", False), (None, False), ("é", False)])
def test_where_an_authorization_is_agreed_the_signature_alone_is_not_enough(given: str | None, is_taken: bool) -> None:
    headers = {"Cko-Signature": _signature(EVENT)} | ({} if given is None else {"Authorization": given})
    adapter = _adapter(webhook_authorization=AGREED)
    if is_taken:
        assert adapter.verify_webhook(headers=headers, body=EVENT, now=NOW) == "evt_1"
        return
    with pytest.raises(BadSignature) as refusal:
        adapter.verify_webhook(headers=headers, body=EVENT, now=NOW)
    assert refusal.value.code == "signature_invalid"


def test_the_agreed_authorization_alone_is_not_enough() -> None:
    with pytest.raises(BadSignature):
        _adapter(webhook_authorization=AGREED).verify_webhook(headers={"Authorization": AGREED}, body=EVENT, now=NOW)


@pytest.mark.parametrize("body", [b"welcome", b"\xff", b"[]", b"null", b"{}", b'{"id": 1}', b'{"id": ""}'])
def test_signed_bytes_that_are_no_event_are_refused(adapter: CheckoutComAdapter, body: bytes) -> None:
    with pytest.raises(BadSignature) as refusal:
        adapter.verify_webhook(headers={"Cko-Signature": _signature(body)}, body=body, now=NOW)
    assert refusal.value.code == "event_invalid"


def _event(kind: str, **data: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": data}).encode()


def _payment(kind: str, **changes: Any) -> bytes:
    told = {"id": "pay_1", "action_id": "act_1", "amount": 1290, "currency": "EUR", "response_code": "10000"}
    return _event(f"payment_{kind}", **{**told, "metadata": {"tally_attempt": str(OURS)}, **changes})


def _capture(kind: str, **changes: Any) -> bytes:
    return _payment(kind, **{"metadata": {"tally_capture": str(OURS)}, **changes})


def _refund(kind: str, **changes: Any) -> bytes:
    return _payment(kind, **{"amount": 290, "metadata": {"tally_refund": str(OURS)}, **changes})


NO = {"response_code": "20051", "response_summary": "Insufficient funds"}
NO_TEXT = "20051: Insufficient funds"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            _payment("approved"),
            (PaymentEvent(OURS, "pay_1", Approved("pay_1", captured=False, money=EUR)),),
            id="authorised",
        ),
        pytest.param(
            _payment("approved", amount=1289),
            (PaymentEvent(OURS, "pay_1", Approved("pay_1", captured=False, money=Money(1289, "EUR"))),),
            id="another amount, as it is",
        ),
        pytest.param(
            _payment("declined", **NO),
            (PaymentEvent(OURS, "pay_1", Declined("pay_1", reason="insufficient_funds", soft=True, message=NO_TEXT)),),
            id="declined",
        ),
        pytest.param(
            _payment("declined", response_code="20151", response_summary=None),
            (
                PaymentEvent(
                    OURS, "pay_1", Declined("pay_1", reason="authentication_failed", soft=False, message="20151: ")
                ),
            ),
            id="3-D Secure failed",
        ),
        pytest.param(
            _payment("captured"),
            (PaymentEvent(OURS, "pay_1", Approved("pay_1", captured=True, money=EUR)),),
            id="captured by itself",
        ),
        pytest.param(
            _payment("captured", amount=290, balances={"total_captured": 1290}),
            (PaymentEvent(OURS, "pay_1", Approved("pay_1", captured=True, money=EUR)),),
            id="captured by somebody else, with what was captured before",
        ),
        pytest.param(
            _capture("captured", amount=400, balances={"total_captured": 1290}),
            (CaptureEvent(OURS, "act_1", "pay_1", CaptureSucceeded("act_1", Money(400, "EUR"))),),
            id="our capture",
        ),
        pytest.param(
            _capture("capture_declined", response_code="20109", response_summary="Too much"),
            (
                CaptureEvent(
                    OURS, "act_1", "pay_1", CaptureFailed("act_1", reason="wrong_state", message="20109: Too much")
                ),
            ),
            id="our capture came to nothing",
        ),
        pytest.param(
            _payment("capture_declined", **NO),
            (
                CaptureEvent(
                    None, "act_1", "pay_1", CaptureFailed("act_1", reason="insufficient_funds", message=NO_TEXT)
                ),
            ),
            id="a capture that is not ours came to nothing",
        ),
        pytest.param(
            _payment("voided", metadata={}), (PaymentEvent(None, "pay_1", Voided("pay_1")),), id="let go of, whole"
        ),
        pytest.param(
            _payment("voided", amount=890, balances={"total_captured": 400}),
            (
                PaymentEvent(OURS, "pay_1", Approved("pay_1", captured=True, money=Money(400, "EUR"))),
                PaymentEvent(OURS, "pay_1", Voided("pay_1")),
            ),
            id="the rest let go of",
        ),
        pytest.param(_payment("canceled"), (PaymentEvent(OURS, "pay_1", Voided("pay_1")),), id="canceled"),
        pytest.param(_payment("expired"), (PaymentEvent(OURS, "pay_1", Expired("pay_1")),), id="expired"),
        pytest.param(
            _payment("expired", metadata={"tally_attempt": "x"}),
            (PaymentEvent(None, "pay_1", Expired("pay_1")),),
            id="an id that is none of ours",
        ),
        pytest.param(
            _payment("expired", metadata=None), (PaymentEvent(None, "pay_1", Expired("pay_1")),), id="no metadata"
        ),
        pytest.param(
            _refund("refunded"),
            (RefundEvent(OURS, "act_1", "pay_1", RefundSucceeded("act_1", Money(290, "EUR"))),),
            id="refunded",
        ),
        pytest.param(
            _refund("refund_pending"), (RefundEvent(OURS, "act_1", "pay_1", RefundPending("act_1")),), id="under way"
        ),
        pytest.param(
            _refund("refund_declined", response_code="20158", response_summary="Too late"),
            (RefundEvent(OURS, "act_1", "pay_1", RefundFailed("act_1", reason="20158: Too late")),),
            id="refund came to nothing",
        ),
        pytest.param(_payment("pending"), (Ignored("payment_pending"),), id="undecided"),
        pytest.param(_payment("void_declined"), (Ignored("payment_void_declined"),), id="not let go of"),
        pytest.param(_event("card_verified"), (Ignored("card_verified"),), id="something else"),
    ],
)
def test_an_event_is_read_in_our_words(
    adapter: CheckoutComAdapter, body: bytes, expected: tuple[WebhookEvent, ...]
) -> None:
    assert adapter.parse_webhook(body=body) == expected


def _dispute(kind: str, **changes: Any) -> bytes:
    told = {"id": "dsp_1", "payment_id": "pay_1", "amount": 1290, "currency": "EUR", "reason_code": "10.4"}
    return _event(kind, **{**told, "category": "fraudulent", **changes})


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("dispute_received", DisputeState.WARNING_NEEDS_RESPONSE),
        ("dispute_evidence_required", DisputeState.NEEDS_RESPONSE),
        ("dispute_evidence_submitted", DisputeState.UNDER_REVIEW),
        ("dispute_evidence_acknowledged_by_scheme", DisputeState.UNDER_REVIEW),
        ("dispute_accepted", DisputeState.LOST),
        ("dispute_expired", DisputeState.LOST),
        ("dispute_lost", DisputeState.LOST),
        ("dispute_arbitration_lost", DisputeState.LOST),
        ("dispute_canceled", DisputeState.WON),
        ("dispute_resolved", DisputeState.WON),
        ("dispute_won", DisputeState.WON),
        ("dispute_arbitration_won", DisputeState.WON),
    ],
)
def test_a_dispute_is_where_its_event_says(adapter: CheckoutComAdapter, kind: str, state: DisputeState) -> None:
    told = DisputeEvent("dsp_1", "pay_1", state, EUR, "10.4")
    assert adapter.parse_webhook(body=_dispute(kind)) == (told,)


def test_a_dispute_says_until_when_it_is_to_be_answered(adapter: CheckoutComAdapter) -> None:
    body = _dispute("dispute_evidence_required", evidence_required_by="2026-12-04T18:00:00.1234567+01:00")
    (told,) = adapter.parse_webhook(body=body)
    assert isinstance(told, DisputeEvent)
    assert told.evidence_due_at == datetime(2026, 12, 4, 17, 0, 0, 123456, tzinfo=UTC)


def test_a_dispute_resolved_out_of_our_money_is_lost(adapter: CheckoutComAdapter) -> None:
    (told,) = adapter.parse_webhook(
        body=_dispute("dispute_resolved", resolved_reason="rapid_dispute_resolution", reason_code=None)
    )
    assert told == DisputeEvent("dsp_1", "pay_1", DisputeState.LOST, EUR, "fraudulent")


@pytest.mark.parametrize(
    "body",
    [
        _payment("approved", amount=12.9),
        _payment("captured", currency="xxq"),
        _payment("captured", balances={"total_captured": "1290"}),
        _payment("approved", id=None),
        _refund("refunded", action_id=None),
        _dispute("dispute_lost", payment_id=None),
        _dispute("dispute_evidence_required", evidence_required_by="soon"),
        _event("payment_approved"),
        b'{"id": "evt_1", "type": "payment_approved"}',
    ],
)
def test_an_event_that_makes_no_sense_is_not_taken_for_nothing(adapter: CheckoutComAdapter, body: bytes) -> None:
    with pytest.raises(UNREADABLE):  # so the inbox keeps the event and tries again
        adapter.parse_webhook(body=body)
