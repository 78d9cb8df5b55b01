"""What Stripe's JSON objects mean in our words. Pure: dicts in, outcomes out."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.base import (
    Approved,
    Declined,
    Ignored,
    NotFoundAtPsp,
    PaymentEvent,
    Pending,
    RefundEvent,
    RefundFailed,
    RefundPending,
    RefundSucceeded,
    RequiresAction,
    Voided,
    WebhookEvent,
)

type Object = Mapping[str, Any]

PAYMENT_EVENTS = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.canceled",
        "payment_intent.amount_capturable_updated",
    }
)
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed"})

# Decline codes after which the same card may work later or elsewhere (Stripe's docs, "Decline codes").
SOFT_DECLINES = frozenset(
    {
        "approve_with_id",
        "call_issuer",
        "do_not_honor",
        "generic_decline",
        "insufficient_funds",
        "issuer_not_available",
        "processing_error",
        "reenter_transaction",
        "try_again_later",
    }
)


def payment_outcome(intent: Object) -> Approved | RequiresAction | Declined | Voided | None:
    """Return how a PaymentIntent stands; None while Stripe has not decided."""
    match intent["status"]:
        case "succeeded":
            return Approved(intent["id"], captured=True, money=_money(intent, "amount_received"))
        case "requires_capture":
            return Approved(intent["id"], captured=False, money=_money(intent, "amount_capturable"))
        case "requires_action":
            action = intent.get("next_action") or {}
            return RequiresAction(intent["id"], redirect_url=(action.get("redirect_to_url") or {}).get("url", ""))
        case "requires_payment_method" if intent.get("last_payment_error"):
            return decline({**intent["last_payment_error"], "payment_intent": intent})
        case "canceled":
            return Voided(intent["id"])
    return None


def standing(intent: Object) -> Approved | RequiresAction | Declined | Voided | Pending:
    """Return how a PaymentIntent stands, *pending* while Stripe has not decided."""
    return payment_outcome(intent) or Pending(psp_reference=intent["id"])


def first_found(result: Object) -> Approved | RequiresAction | Declined | Voided | Pending | NotFoundAtPsp:
    """Return how the PaymentIntent stands that a search has found, if it has."""
    return standing(result["data"][0]) if result["data"] else NotFoundAtPsp()


def decline(error: Object) -> Declined:
    """Return a card error as a decline, its reason Stripe's ``decline_code`` or else its ``code``."""
    reason = error.get("decline_code") or error.get("code") or "declined"
    intent = error.get("payment_intent") or {}
    return Declined(psp_reference=intent.get("id"), reason=reason, soft=reason in SOFT_DECLINES)


def refund_outcome(refund: Object) -> RefundSucceeded | RefundPending | RefundFailed:
    """Return how a Refund stands."""
    match refund["status"]:
        case "succeeded":
            return RefundSucceeded(refund["id"], money=_money(refund, "amount"))
        case "failed" | "canceled":
            return RefundFailed(refund["id"], reason=refund.get("failure_reason") or refund["status"])
    return RefundPending(refund["id"])


def event_id(body: bytes) -> str:
    """Return the id of an event whose signature has been checked.

    :raises BadSignature: signed, and yet no event.
    """
    try:
        found = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadSignature(code="event_invalid", detail="The body is not an event with an id.") from error
    if not isinstance(found, str):
        raise BadSignature(code="event_invalid", detail="The event's id is not text.")
    return found


def parse_event(body: bytes) -> WebhookEvent:
    """Return what an event says of a payment or a refund."""
    event = json.loads(body)
    kind, subject = event["type"], event["data"]["object"]
    if kind in PAYMENT_EVENTS and (outcome := payment_outcome(subject)) is not None:
        return PaymentEvent(_our_id(subject, "tally_attempt"), subject["id"], outcome)
    if kind in REFUND_EVENTS:
        return RefundEvent(_our_id(subject, "tally_refund"), subject["id"], refund_outcome(subject))
    return Ignored(type=kind)


def _money(thing: Object, field: str) -> Money:
    """Read an amount. A server that leaves the detailed one out (localstripe does) has moved the whole amount."""
    return Money(thing[field] if field in thing else thing["amount"], thing["currency"].upper())


def _our_id(thing: Object, name: str) -> UUID | None:
    text = (thing.get("metadata") or {}).get(name)
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
