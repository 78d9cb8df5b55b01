"""What Stripe's JSON objects mean in our words. Pure: dicts in, outcomes out.

A reader raises ``KeyError``, ``TypeError``, ``AttributeError``, ``ValueError`` or ``InvalidMoney`` on an object that it
cannot make sense of, and on one that speaks of something else than what was asked about.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp import stripe_declines
from payments.psp.news import Ignored, PaymentEvent, RefundEvent, WebhookEvent
from payments.psp.outcomes import (
    Approved,
    Card,
    Declined,
    DeclineReason,
    Expired,
    NotFoundAtPsp,
    Pending,
    RefundCanceled,
    RefundFailed,
    RefundPending,
    RefundRequiresAction,
    RefundStanding,
    RefundSucceeded,
    RequiresAction,
    Unknown,
    Voided,
)
from payments.psp.stripe_settlement import DISPUTE_EVENTS, PAYOUT_EVENTS, dispute_news, payout_news

type Object = Mapping[str, Any]
type Reader[T] = Callable[[Object], T]
type Standing = Approved | RequiresAction | Declined | Voided | Expired | Pending

PAYMENT_EVENTS = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.canceled",
        "payment_intent.amount_capturable_updated",
    }
)
# The last one is how API versions before 2024-10 tell that a refund failed.
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})

MAX_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Stripe's own no to a request: nothing was executed for it."""

    error: Object

    @classmethod
    def read(cls, body: Any) -> Self | None:
        """Return the refusal that an error answer speaks, unless another server or a proxy speaks it."""
        error = error_in(body)
        return cls(error) if error.get("type") in {"card_error", "invalid_request_error"} else None

    @property
    def payment(self) -> Object:
        """The PaymentIntent as it stands, where the refusal tells."""
        told = self.error.get("payment_intent")
        return told if isinstance(told, dict) else {}

    def as_decline(self) -> Declined:
        """Return it as a decline: the bank's, or Stripe's own of the request."""
        by_bank = self.error["type"] == "card_error"
        return decline(self.error, otherwise=DeclineReason.CARD_DECLINED if by_bank else DeclineReason.INVALID_REQUEST)

    def __str__(self) -> str:
        return message_of(self.error)


def error_in(body: Any) -> Object:
    """Return the error that an answer tells of; empty where it tells of none."""
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def message_of(error: Object) -> str:
    """Return an error as a line for people."""
    code = error.get("decline_code") or error.get("code") or error.get("type", "")
    return f"{code}: {error.get('message', '')}"[:MAX_MESSAGE] if error else "not in Stripe's form"


def decline(error: Object, *, otherwise: DeclineReason = DeclineReason.CARD_DECLINED) -> Declined:
    """Return an error as a decline, its reason after Stripe's ``decline_code`` or else its ``code``."""
    code = str(error.get("decline_code") or error.get("code") or "")
    intent = error.get("payment_intent") or {}
    return Declined(
        psp_reference=intent.get("id"),
        reason=stripe_declines.reason_of(code=code, otherwise=otherwise),
        soft=stripe_declines.is_soft(code=code),
        message=message_of(error),
        card=_told_of(error.get("payment_method")),
    )


def payment_outcome(intent: Object) -> Approved | RequiresAction | Declined | Voided | Expired | None:
    """Return how a PaymentIntent stands; None while Stripe has not decided."""
    reference = _id(intent)
    match intent["status"]:
        case "succeeded":
            return Approved(reference, captured=True, money=_money(intent, "amount_received"), card=_card(intent))
        case "requires_capture":
            money = _money(intent, "amount_capturable")
            until = _capture_before(intent)
            return Approved(reference, captured=False, money=money, expires_at=until, card=_card(intent))
        case "requires_action":
            action = intent.get("next_action") or {}
            return RequiresAction(reference, redirect_url=(action.get("redirect_to_url") or {}).get("url") or "")
        case "requires_payment_method" if intent.get("last_payment_error"):
            return decline({**intent["last_payment_error"], "payment_intent": intent})
        case "canceled":
            # "automatic": nobody captured it in time (API reference, "cancellation_reason").
            return (Expired if intent.get("cancellation_reason") == "automatic" else Voided)(reference)
    return None


def standing(intent: Object) -> Standing:
    """Return how a PaymentIntent stands, *pending* while Stripe has not decided."""
    return payment_outcome(intent) or Pending(_id(intent))


def of_payment(psp_reference: str) -> Reader[Standing]:
    """Return a reader that takes this PaymentIntent and no other."""

    def read(intent: Object) -> Standing:
        _require(intent["id"], psp_reference)
        return standing(intent)

    return read


def of_attempt(attempt_id: UUID) -> Reader[Standing]:
    """Return a reader that takes the PaymentIntent of our attempt and no other."""

    def read(intent: Object) -> Standing:
        _require(intent["metadata"]["tally_attempt"], str(attempt_id))
        return standing(intent)

    return read


def found_for(attempt_id: UUID) -> Reader[Standing | NotFoundAtPsp | Unknown]:
    """Return a reader of what a search for our attempt has found.

    More than one PaymentIntent of one attempt is for people to look at: whichever we took would hide the other.
    """

    def read(result: Object) -> Standing | NotFoundAtPsp | Unknown:
        intents = result["data"]
        if not intents and isinstance(intents, list):
            return NotFoundAtPsp()
        outcomes = [of_attempt(attempt_id)(intent) for intent in intents]
        return outcomes[0] if len(outcomes) == 1 else Unknown(detail=f"{len(outcomes)} payments for one attempt")

    return read


def refund_outcome(refund: Object) -> RefundStanding:
    """Return how a Refund stands."""
    match refund["status"]:
        case "succeeded":
            return RefundSucceeded(_id(refund), money=_money(refund, "amount"))
        case "failed":
            return RefundFailed(_id(refund), reason=refund.get("failure_reason") or "failed")
        case "canceled":
            return RefundCanceled(_id(refund), reason=refund.get("failure_reason") or "canceled")
        case "requires_action":
            return RefundRequiresAction(_id(refund))
        case "pending":
            return RefundPending(_id(refund))
    raise ValueError(f"a refund's status is not {refund['status']!r}")


def named_by(psp_reference: str) -> str:
    """Return by which field of a refund a payment is named: one that no PaymentIntent was for is a charge."""
    return "charge" if psp_reference.startswith(("ch_", "py_")) else "payment_intent"


def of_refund(refund_id: UUID, psp_reference: str) -> Reader[RefundStanding]:
    """Return a reader that takes our refund of this payment and no other."""

    def read(refund: Object) -> RefundStanding:
        _require(refund["metadata"]["tally_refund"], str(refund_id))
        _require(refund[named_by(psp_reference)], psp_reference)
        return refund_outcome(refund)

    return read


def found_refund(refund_id: UUID, psp_reference: str) -> Reader[RefundStanding | NotFoundAtPsp | Unknown]:
    """Return a reader of a payment's refunds that finds ours. More than one under our id is for people to look at."""

    def read(result: Object) -> RefundStanding | NotFoundAtPsp | Unknown:
        ours = [each for each in result["data"] if (each["metadata"] or {}).get("tally_refund") == str(refund_id)]
        if len(ours) == 1:
            return of_refund(refund_id, psp_reference)(ours[0])
        if ours or result["has_more"]:
            return Unknown(detail=f"{len(ours)} refunds found for one, and more pages: {result['has_more']}")
        return NotFoundAtPsp()

    return read


def signed_at(signature: str) -> int:
    """Return the time (epoch seconds) in a Stripe-Signature header that has been checked."""
    return int(next(part for part in signature.split(",") if part.startswith("t="))[2:])


def event_id(body: bytes) -> str:
    """Return the id of an event whose signature has been checked.

    :raises BadSignature: signed, and yet no event.
    """
    try:
        return _id(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise BadSignature(code="event_invalid", detail="The body is not an event with an id.") from error


def parse_event(body: bytes) -> WebhookEvent:
    """Return what an event says of a payment, a refund, a dispute or a payout."""
    event = json.loads(body)
    kind, subject = event["type"], event["data"]["object"]
    if kind in PAYMENT_EVENTS and (outcome := payment_outcome(subject)) is not None:
        return PaymentEvent(_our_id(subject, "tally_attempt"), _id(subject), outcome)
    if kind in REFUND_EVENTS:
        refund_id, payment = _our_id(subject, "tally_refund"), subject.get("payment_intent")
        return RefundEvent(refund_id, _id(subject), payment_reference=payment, outcome=refund_outcome(subject))
    if kind in DISPUTE_EVENTS:
        return dispute_news(subject)
    return payout_news(subject) if kind in PAYOUT_EVENTS else Ignored(kind, _named_in(subject))


def _named_in(subject: Object) -> frozenset[str]:
    """Return the ids of an object and of its payment."""
    return frozenset(each for name in ("id", "payment_intent") if isinstance(each := subject.get(name), str))


def _id(thing: Object) -> str:
    found = thing["id"]
    if not isinstance(found, str) or not found:
        raise ValueError("an id is some text")
    return found


def _require(found: Any, expected: str) -> None:
    if found != expected:
        raise ValueError(f"it speaks of {found!r}, not of {expected!r}")


def _money(thing: Object, field: str) -> Money:
    """Read an amount. A server that leaves the detailed one out (localstripe does) has moved the whole amount."""
    return Money(thing[field] if field in thing else thing["amount"], thing["currency"].upper())


def _capture_before(intent: Object) -> datetime | None:
    """Read until when the charge can be captured, where it is told along (``expand``) and says so."""
    before = _charged_card(intent).get("capture_before")
    return datetime.fromtimestamp(before, UTC) if before else None


def _card(intent: Object) -> Card | None:
    card = _charged_card(intent)
    return Card.told(brand=card.get("brand"), last4=card.get("last4"))


def _told_of(method: object) -> Card | None:
    """Read the card of a PaymentMethod, as an error tells it along."""
    card = method.get("card") if isinstance(method, dict) else None
    return Card.told(brand=card.get("brand"), last4=card.get("last4")) if isinstance(card, dict) else None


def _charged_card(intent: Object) -> Object:
    charge = intent.get("latest_charge")
    details = charge.get("payment_method_details") if isinstance(charge, dict) else None
    return (details or {}).get("card") or {}


def _our_id(thing: Object, name: str) -> UUID | None:
    text = (thing.get("metadata") or {}).get(name)
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
