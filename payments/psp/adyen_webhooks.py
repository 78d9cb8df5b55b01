"""What Adyen's webhooks say in our words. Pure: bytes in, news out. Raises as adyen_objects.py does.

Only what an item signs moves money: the references, amount, event code and success. Everything else (the reason, when
evidence is due) is for people.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from payments.errors import BadSignature
from payments.psp import adyen_declines
from payments.psp.adyen_objects import MAX_MESSAGE, Object, OurPayment, card_of, money, text
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

MAX_EVENT_ID = 255

CAPTURE_EVENTS = frozenset({"CAPTURE", "CAPTURE_FAILED"})
CANCEL_EVENTS = frozenset({"CANCELLATION", "TECHNICAL_CANCEL"})
# The last two come after a REFUND that had succeeded: the bank sent it back.
REFUND_EVENTS = frozenset({"REFUND", "REFUND_FAILED", "REFUNDED_REVERSED"})

# Adyen's docs, "Dispute webhooks". With NOTIFICATION_OF_CHARGEBACK the time to answer begins; the money goes with
# CHARGEBACK.
DISPUTE_EVENTS: Mapping[str, DisputeState] = {
    "REQUEST_FOR_INFORMATION": DisputeState.WARNING_NEEDS_RESPONSE,
    "NOTIFICATION_OF_CHARGEBACK": DisputeState.WARNING_NEEDS_RESPONSE,
    # Of a chargeback whose money is gone this is old news: there it changes nothing.
    "INFORMATION_SUPPLIED": DisputeState.WARNING_UNDER_REVIEW,
    "CHARGEBACK": DisputeState.NEEDS_RESPONSE,
    "CHARGEBACK_REVERSED": DisputeState.WON,
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": DisputeState.WON,
    "PREARBITRATION_WON": DisputeState.WON,
    "SCHEME_ARBITRATION_WON": DisputeState.WON,
    "SECOND_CHARGEBACK": DisputeState.LOST,
    "PREARBITRATION_LOST": DisputeState.LOST,
    "SCHEME_ARBITRATION_LOST": DisputeState.LOST,
}


def verify(body: bytes, sign: Callable[[dict[str, Any]], bytes]) -> str:
    """Check the signature of every item, and return an id that stays the same however often the body comes.

    :param sign: return the signature that an item should have.
    :raises BadSignature: ``signature_invalid``: missing or wrong on any of them; ``event_invalid``: there is none.
    """
    try:
        items = _items(body)
        if not all(hmac.compare_digest(sign(item), _signature(item)) for item in items):
            raise BadSignature(code="signature_invalid", detail="A notification item's HMAC does not fit it.")
        names = [f"{text(item['pspReference'])}:{item['eventCode']}:{item['success']}" for item in items]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadSignature(code="event_invalid", detail="The body is not a list of signed items.") from error
    if not names:
        raise BadSignature(code="event_invalid", detail="The body has no notification item.")
    name = "+".join(names)
    return name if len(name) <= MAX_EVENT_ID else hashlib.sha256(name.encode()).hexdigest()


def parse(body: bytes, *, merchant_account: str) -> tuple[WebhookEvent, ...]:
    """Return what the items say, in their order; those of other merchant accounts say nothing here."""
    return tuple(
        _news(item) if item["merchantAccountCode"] == merchant_account else Ignored(type=item["eventCode"])
        for item in _items(body)
    )


def _items(body: bytes) -> list[dict[str, Any]]:
    return [wrapped["NotificationRequestItem"] for wrapped in json.loads(body)["notificationItems"]]


def _signature(item: Object) -> bytes:
    """Return what the item says; nothing fits where it says nothing."""
    signature = (item.get("additionalData") or {}).get("hmacSignature")
    return signature.encode() if isinstance(signature, str) else b""


def _news(item: Object) -> WebhookEvent:
    code, succeeded = item["eventCode"], _is_true(item["success"])
    if code == "AUTHORISATION":
        return _payment_news(item, succeeded=succeeded)
    if code in CAPTURE_EVENTS:
        return _capture_news(item, succeeded=succeeded and code == "CAPTURE")
    if code in REFUND_EVENTS:
        return _refund_news(item, succeeded=succeeded and code == "REFUND")
    if code in CANCEL_EVENTS and succeeded:
        payment = text(item["originalReference"])
        return PaymentEvent(None, payment, Voided(payment))
    if code == "EXPIRE":
        payment = text(item.get("originalReference") or item["pspReference"])
        return PaymentEvent(None, payment, Expired(payment))
    return _dispute_news(item) if code in DISPUTE_EVENTS else Ignored(code, _named_in(item))


def _named_in(item: Object) -> frozenset[str]:
    """Return the references that an item signs."""
    return frozenset(each for name in ("pspReference", "originalReference") if isinstance(each := item.get(name), str))


def _payment_news(item: Object, *, succeeded: bool) -> PaymentEvent:
    payment, ours = text(item["pspReference"]), OurPayment.named(_merchant_reference(item))
    if succeeded:
        approved = Approved(payment, captured=ours.captures, money=money(item["amount"]), card=card_of(item))
        return PaymentEvent(ours.attempt_id, payment, approved)
    why = _reason(item)
    return PaymentEvent(
        ours.attempt_id,
        payment,
        Declined(
            payment,
            reason=adyen_declines.reason_of(why),
            soft=adyen_declines.is_soft(why),
            message=why,
            card=card_of(item),
        ),
    )


def _capture_news(item: Object, *, succeeded: bool) -> CaptureEvent | PaymentEvent:
    capture, payment = text(item["pspReference"]), text(item["originalReference"])
    reference = _merchant_reference(item)
    taken_at_once = OurPayment.named(reference)
    if succeeded and taken_at_once.captures:
        # An account may have Adyen tell of the captures that it makes by itself. We know them by their payment.
        approved = Approved(payment, captured=True, money=money(item["amount"]))
        return PaymentEvent(taken_at_once.attempt_id, payment, approved)
    capture = payment if taken_at_once.captures else capture
    outcome = CaptureSucceeded(capture, money(item["amount"])) if succeeded else CaptureFailed(capture, _reason(item))
    return CaptureEvent(_uuid(reference), capture, payment_reference=payment, outcome=outcome)


def _refund_news(item: Object, *, succeeded: bool) -> RefundEvent:
    refund, payment = text(item["pspReference"]), text(item["originalReference"])
    outcome = RefundSucceeded(refund, money(item["amount"])) if succeeded else RefundFailed(refund, _reason(item))
    return RefundEvent(_uuid(_merchant_reference(item)), refund, payment_reference=payment, outcome=outcome)


def _dispute_news(item: Object) -> DisputeEvent:
    due = (item.get("additionalData") or {}).get("defensePeriodEndsAt")
    return DisputeEvent(
        psp_reference=text(item["pspReference"]),
        payment_reference=text(item["originalReference"]),
        state=DISPUTE_EVENTS[item["eventCode"]],
        money=money(item["amount"]),
        reason=_reason(item),
        evidence_due_at=datetime.fromisoformat(due) if due else None,
    )


def _merchant_reference(item: Object) -> str:
    return item.get("merchantReference") or ""


def _reason(item: Object) -> str:
    return str(item.get("reason") or item["eventCode"])[:MAX_MESSAGE]


def _uuid(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None


def _is_true(told: object) -> bool:
    if told not in ("true", "false"):
        raise ValueError(f"success is not {told!r}")
    return told == "true"
