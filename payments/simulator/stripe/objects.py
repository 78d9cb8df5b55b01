"""Stripe's objects in the form of its current API version, as they are when they are new."""

import secrets
from typing import Any

from payments.simulator.store import Document

# Until an authorisation that nobody captures runs out.
HELD_SECONDS = 7 * 24 * 3600
API_VERSION = "2026-10-28.endive"


def new_id(prefix: str) -> str:
    """Return an id such as Stripe makes."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_intent(*, amount: int, currency: str, created: int, **told: Any) -> Document:
    """Return a PaymentIntent that waits for its confirmation."""
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{secrets.token_hex(8)}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "status": "requires_confirmation",
        **told,
    }


# What every test card shows of itself.
CARD = {"brand": "visa", "last4": "4242"}


def new_charge(intent: Document, *, created: int, error: Document | None) -> Document:
    """Return the charge of a PaymentIntent's attempt, authorised or failed."""
    until = {"capture_before": created + HELD_SECONDS} if intent["capture_method"] == "manual" else {}
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": error and error["code"],
        "failure_message": error and error["message"],
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": {
            "network_status": "declined_by_network" if error else "approved_by_network",
            "reason": error and error.get("decline_code"),
            "risk_level": "normal",
            "seller_message": "The bank declined the payment." if error else "Payment complete.",
            "type": "issuer_declined" if error else "authorized",
        },
        "paid": error is None,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"card": {**CARD, **until}, "type": "card"},
        "refunded": False,
        "status": "failed" if error else "succeeded",
    }


def new_refund(charge: Document, *, amount: int, created: int, **told: Any) -> Document:
    """Return a refund of (part of) a charge."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        **told,
    }


def new_event(kind: str, subject: Document, *, created: int) -> Document:
    """Return an event: what happened, and the object as it was right after."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def payment_error(*, decline_code: str, own_code: bool) -> Document:
    """Return what a bank's no looks like."""
    return {
        "type": "card_error",
        "code": decline_code if own_code else "card_declined",
        "decline_code": decline_code,
        "message": "Your card was declined.",
    }


def authentication_error() -> Document:
    """Return what a failed 3-D Secure looks like."""
    return {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication.",
    }


def list_of(data: list[Document], url: str, *, kind: str = "list", has_more: bool = False) -> Document:
    """Return a list such as Stripe answers with."""
    return {"object": kind, "data": data, "has_more": has_more, "url": url}
