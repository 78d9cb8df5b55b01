"""What Adyen's replies mean in our words. Pure: dicts in, outcomes out.

A reader raises ``KeyError``, ``TypeError``, ``AttributeError``, ``ValueError`` or ``InvalidMoney`` on a reply that it
cannot make sense of, and on one that speaks of something else than what was asked about.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from ledger.money import Money
from payments.psp import adyen_declines
from payments.psp.adyen_currencies import is_counted_alike
from payments.psp.outcomes import (
    Approved,
    CapturePending,
    Card,
    Declined,
    DeclineReason,
    Pending,
    RefundPending,
    RequiresAction,
)

type Object = Mapping[str, Any]
type Reader[T] = Callable[[Object], T]
type Standing = Approved | RequiresAction | Declined | Pending

MAX_MESSAGE = 200

_REFUSED_HTTP = frozenset({400, 404, 422})
# What Adyen says of a request that it has not executed. "security" and "internal" say nothing of an earlier request.
_REFUSED_TYPES = frozenset({"validation", "configuration"})
# "Request already processed or in progress": the first one under this key decides.
_IN_PROGRESS = "704"

_REASON_OF_ERROR = {
    "803": DeclineReason.INVALID_PAYMENT_METHOD,  # PaymentDetail not found
    "800": DeclineReason.INVALID_PAYMENT_METHOD,  # Contract not found
    "167": DeclineReason.WRONG_STATE,  # Original pspReference required for this operation
}

# The payment's reference at Adyen. Webhooks repeat it, and it is among what they sign, unlike metadata: by its last
# word a webhook tells whether the money was to be taken at once.
_REFERENCE = re.compile(r"(?P<attempt>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(?P<kind>sale|hold)")


def reference_of(attempt_id: UUID, *, captures: bool) -> str:
    """Return what a payment is called at Adyen."""
    return f"{attempt_id}-{'sale' if captures else 'hold'}"


@dataclass(frozen=True, slots=True)
class OurPayment:
    """What a payment's reference says; of a payment that is not ours, nothing."""

    attempt_id: UUID | None
    captures: bool

    @classmethod
    def named(cls, reference: str) -> Self:
        """Read a reference."""
        match = _REFERENCE.fullmatch(reference)
        return cls(UUID(match["attempt"]), match["kind"] == "sale") if match else cls(None, captures=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Adyen's own no to a request: nothing was executed for it."""

    code: str
    message: str

    @classmethod
    def read(cls, *, status: int, body: Any, headers: Mapping[str, str]) -> Self | None:
        """Return the refusal that an error answer speaks, unless another server or a proxy speaks it."""
        if not isinstance(body, dict) or status not in _REFUSED_HTTP or headers.get("transient-error") == "true":
            return None
        code, kind = body.get("errorCode"), body.get("errorType")
        if not isinstance(code, str) or kind not in _REFUSED_TYPES or code == _IN_PROGRESS:
            return None
        return cls(code, message_of(body))

    @property
    def reason(self) -> DeclineReason:
        """Return why, in our words."""
        return _REASON_OF_ERROR.get(self.code, DeclineReason.INVALID_REQUEST)

    def as_decline(self) -> Declined:
        """Return it as a decline of the request."""
        return Declined(None, reason=self.reason, soft=False, message=self.message)

    def __str__(self) -> str:
        return self.message


def message_of(body: Any) -> str:
    """Return an error answer as a line for people."""
    if not isinstance(body, dict) or "errorCode" not in body:
        return "not in Adyen's form"
    return f"{body['errorCode']}: {body.get('message', '')}"[:MAX_MESSAGE]


def of_attempt(attempt_id: UUID) -> Reader[Standing]:
    """Return a reader of how the payment of our attempt stands, and of no other's."""

    def read(reply: Object) -> Standing:
        result = reply["resultCode"]
        ours = OurPayment.named(reply.get("merchantReference") or "")
        if result == "RedirectShopper" and "merchantReference" not in reply:
            # The one result that Adyen gives without naming the payment, which it has not begun.
            return _question(reply)
        if ours.attempt_id != attempt_id:
            raise ValueError(f"it speaks of {reply.get('merchantReference')!r}, not of {attempt_id}")
        return _standing(reply, result, captures=ours.captures)

    return read


def _standing(reply: Object, result: str, *, captures: bool) -> Standing:
    """Return what a ``resultCode`` means (Adyen's docs, "Result codes")."""
    match result:
        case "Authorised" | "PartiallyAuthorised":
            return Approved(
                text(reply["pspReference"]), captured=captures, money=money(reply["amount"]), card=card_of(reply)
            )
        case "RedirectShopper":
            return _question(reply)
        # "Error" is final, too: a bank may have kept the amount free for a while, but Adyen takes no money for it.
        case "Refused" | "Error" | "Cancelled":
            code = str(reply.get("refusalReasonCode") or {"Error": "4", "Cancelled": "15"}.get(result, "2"))
            message = f"{code} {reply.get('refusalReason') or result}"[:MAX_MESSAGE]
            return Declined(
                reply.get("pspReference"),
                reason=adyen_declines.reason_of(code),
                soft=adyen_declines.is_soft(code),
                message=message,
                card=card_of(reply),
            )
        case "Pending" | "Received":
            return Pending(text(reply["pspReference"]))
    raise ValueError(f"a result code is not {result!r}")


def card_of(told: Object) -> Card | None:
    """Return what a reply, or an item of a webhook, tells of the card, where the account is set to tell it."""
    method, more = told.get("paymentMethod"), told.get("additionalData")
    brand = method.get("brand") if isinstance(method, dict) else method
    return Card.told(brand=brand, last4=more.get("cardSummary")) if isinstance(more, dict) else None


def _question(reply: Object) -> RequiresAction:
    action = reply["action"]
    if action["type"] != "redirect" or action["method"] != "GET":
        raise ValueError(f"a buyer cannot be sent on by {action['type']!r}, {action['method']!r}")
    return RequiresAction(reply.get("pspReference"), redirect_url=text(action["url"]))


def capture_taken_in(payment: str, capture_id: UUID) -> Reader[CapturePending]:
    """Return a reader of the receipt for our capture."""
    return lambda reply: CapturePending(_receipt(reply, payment, str(capture_id)))


def refund_taken_in(payment: str, refund_id: UUID) -> Reader[RefundPending]:
    """Return a reader of the receipt for our refund."""
    return lambda reply: RefundPending(_receipt(reply, payment, str(refund_id)))


def cancel_taken_in(payment: str) -> Reader[Pending]:
    """Return a reader of the receipt for a cancel: its end will be told of the payment."""

    def read(reply: Object) -> Pending:
        _receipt(reply, payment, reply.get("reference"))
        return Pending(payment)

    return read


def _receipt(reply: Object, payment: str, reference: object) -> str:
    told = (reply["paymentPspReference"], reply.get("reference"), reply["status"])
    if told != (payment, reference, "received"):
        raise ValueError(f"it speaks of {told}, not of {payment} and {reference}")
    return text(reply["pspReference"])


def money(amount: Object) -> Money:
    """Read an amount."""
    if not is_counted_alike(amount["currency"]):
        raise ValueError(f"Adyen's minor unit of {amount['currency']} is not ISO 4217's")
    return Money(amount["value"], amount["currency"])


def text(found: Any) -> str:
    """Read an id, or an address."""
    if not isinstance(found, str) or not found:
        raise ValueError("an id is some text")
    return found
