"""Whose bytes Checkout.com's events are, and what they mean in our words. Pure: bytes in, news out.

Its readers raise as those of checkoutcom_objects.py do. The kinds of events, and what each is sent for: Checkout.com's
documentation, "Event types".
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.checkoutcom_objects import Object, balances_of, card_of, decline, message_of, text
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

# "Received" comes before Checkout.com knows whether anything can be done: nothing has been taken by then. A dispute
# that ran out of time, or that we accepted, is the buyer's; one that the bank took back is ours.
DISPUTE_STATES = {
    "dispute_received": DisputeState.WARNING_NEEDS_RESPONSE,
    "dispute_evidence_required": DisputeState.NEEDS_RESPONSE,
    "dispute_evidence_submitted": DisputeState.UNDER_REVIEW,
    "dispute_evidence_acknowledged_by_scheme": DisputeState.UNDER_REVIEW,
    "dispute_arbitration_evidence_submitted": DisputeState.UNDER_REVIEW,
    "dispute_arbitration_sent_to_scheme": DisputeState.UNDER_REVIEW,
    "dispute_accepted": DisputeState.LOST,
    "dispute_expired": DisputeState.LOST,
    "dispute_lost": DisputeState.LOST,
    "dispute_arbitration_lost": DisputeState.LOST,
    "dispute_canceled": DisputeState.WON,
    "dispute_resolved": DisputeState.WON,
    "dispute_won": DisputeState.WON,
    "dispute_arbitration_won": DisputeState.WON,
}
# Visa's scheme of that name resolves a dispute by paying the buyer out of our money.
RESOLVED_FOR_THE_BUYER = "rapid_dispute_resolution"


def verify(headers: Mapping[str, str], body: bytes, *, secret: str, authorization: str) -> str:
    """Check the signature over the raw bytes, and the Authorization where one is agreed; return the event's id.

    :raises BadSignature: ``signature_invalid``, or ``event_invalid``: signed, and yet no event.
    """
    given = {name.lower(): value for name, value in headers.items()}
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not _same(given.get("cko-signature", "").lower(), signature):
        raise BadSignature(code="signature_invalid", detail="The Cko-Signature header does not fit these bytes.")
    if authorization and not _same(given.get("authorization", ""), authorization):
        raise BadSignature(code="signature_invalid", detail="The Authorization header is not the one agreed.")
    try:
        return text(json.loads(body)["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadSignature(code="event_invalid", detail="The body is not an event with an id.") from error


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def parse_event(body: bytes) -> tuple[WebhookEvent, ...]:
    """Return what an event says of a payment, a capture, a refund or a dispute."""
    event = json.loads(body)
    kind, data = event["type"], event["data"]
    if kind in DISPUTE_STATES:
        return (_dispute(kind, data),)
    read = READERS.get(kind)
    return (Ignored(kind, _named_in(data)),) if read is None else read(data)


def _named_in(data: Object) -> frozenset[str]:
    """Return the ids of what an event is about, and of its payment."""
    return frozenset(each for name in ("id", "action_id", "payment_id") if isinstance(each := data.get(name), str))


def _approved(data: Object) -> tuple[WebhookEvent, ...]:
    payment = text(data["id"])
    return (_of_payment(data, Approved(payment, captured=False, money=_money(data), card=card_of(data))),)


def _declined(data: Object) -> tuple[WebhookEvent, ...]:
    return (_of_payment(data, decline(data, psp_reference=text(data["id"]))),)


def _voided(data: Object) -> tuple[WebhookEvent, ...]:
    """Read that the rest, or all, of a payment was let go of.

    That comes after a final capture of a part, too, and may arrive before the news of it: so the part is told first.
    """
    payment, captured = text(data["id"]), balances_of(data).get("total_captured")
    news = (_of_payment(data, Voided(payment)),)
    if not captured:
        return news
    return (_of_payment(data, Approved(payment, captured=True, money=Money(captured, data["currency"]))), *news)


def _canceled(data: Object) -> tuple[WebhookEvent, ...]:
    return (_of_payment(data, Voided(text(data["id"]))),)


def _expired(data: Object) -> tuple[WebhookEvent, ...]:
    return (_of_payment(data, Expired(text(data["id"]))),)


def _captured(data: Object) -> tuple[WebhookEvent, ...]:
    """Read a capture: ours by its name, or else all that was taken by now (a payment that is captured at once)."""
    payment, action = text(data["id"]), text(data["action_id"])
    if (capture := _our_id(data, "tally_capture")) is not None:
        return (CaptureEvent(capture, action, payment, CaptureSucceeded(action, _money(data))),)
    total = balances_of(data).get("total_captured", data["amount"])
    return (_of_payment(data, Approved(payment, captured=True, money=Money(total, data["currency"]))),)


def _capture_declined(data: Object) -> tuple[WebhookEvent, ...]:
    payment, action = text(data["id"]), text(data["action_id"])
    no = decline(data, psp_reference=action)
    failed = CaptureFailed(action, reason=no.reason, message=no.message)
    return (CaptureEvent(_our_id(data, "tally_capture"), action, payment, failed),)


def _refunded(data: Object) -> tuple[WebhookEvent, ...]:
    return (_of_refund(data, RefundSucceeded(text(data["action_id"]), _money(data))),)


def _refund_declined(data: Object) -> tuple[WebhookEvent, ...]:
    return (_of_refund(data, RefundFailed(text(data["action_id"]), reason=message_of(data))),)


def _refund_pending(data: Object) -> tuple[WebhookEvent, ...]:
    return (_of_refund(data, RefundPending(text(data["action_id"]))),)


READERS: dict[str, Callable[[Object], tuple[WebhookEvent, ...]]] = {
    "payment_approved": _approved,
    "payment_declined": _declined,
    "payment_voided": _voided,
    "payment_canceled": _canceled,
    "payment_expired": _expired,
    "payment_captured": _captured,
    "payment_capture_declined": _capture_declined,
    "payment_refunded": _refunded,
    "payment_refund_declined": _refund_declined,
    "payment_refund_pending": _refund_pending,
}


def _of_payment(data: Object, outcome: Approved | Voided | Expired | Declined) -> PaymentEvent:
    return PaymentEvent(_our_id(data, "tally_attempt"), text(data["id"]), outcome)


def _of_refund(data: Object, outcome: RefundSucceeded | RefundPending | RefundFailed) -> RefundEvent:
    return RefundEvent(_our_id(data, "tally_refund"), text(data["action_id"]), text(data["id"]), outcome)


def _dispute(kind: str, data: Object) -> DisputeEvent:
    due = data.get("evidence_required_by")
    taken = data.get("resolved_reason") == RESOLVED_FOR_THE_BUYER
    return DisputeEvent(
        psp_reference=text(data["id"]),
        payment_reference=text(data["payment_id"]),
        state=DisputeState.LOST if taken else DISPUTE_STATES[kind],
        money=_money(data),
        reason=str(data.get("reason_code") or data.get("category") or ""),
        evidence_due_at=None if due is None else datetime.fromisoformat(due).astimezone(UTC),
    )


def _money(data: Object) -> Money:
    return Money(data["amount"], data["currency"])


def _our_id(data: Object, name: str) -> UUID | None:
    found = (data.get("metadata") or {}).get(name)
    try:
        return UUID(found) if found else None
    except ValueError:
        return None
