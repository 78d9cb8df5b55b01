"""Checkout.com's objects as its API writes them. What only the simulator knows of them is under ``_own``."""

import base64
import secrets

from payments.simulator.checkoutcom.tokens import summary
from payments.simulator.store import Document

APPROVED = "10000"


def new_id(prefix: str) -> str:
    """Return an id of Checkout.com's form."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"


def new_payment(told: Document, *, amount: int, currency: str, moment: str, own: Document) -> Document:
    """Return a payment that nobody has decided about."""
    return {
        "id": new_id("pay"),
        "status": "Pending",
        "approved": False,
        "amount": amount,
        "currency": currency,
        "reference": told.get("reference"),
        "description": told.get("description"),
        "metadata": told.get("metadata") or {},
        "requested_on": moment,
        "balances": balances(0),
        "_own": own,
    }


def balances(authorized: int) -> Document:
    """Return the balances of what was authorised and not yet touched."""
    return {
        "total_authorized": authorized,
        "total_voided": 0,
        "available_to_void": authorized,
        "total_captured": 0,
        "available_to_capture": authorized,
        "total_refunded": 0,
        "available_to_refund": 0,
    }


def new_action(kind: str, payment: Document, *, amount: int, told: Document, moment: str) -> Document:
    """Return an action upon a payment that nobody has decided about."""
    return {
        "id": new_id("act"),
        "payment": payment["id"],
        "type": kind,
        "amount": amount,
        "requested_on": moment,
        "reference": told.get("reference"),
        "metadata": told.get("metadata") or {},
        "capture_type": told.get("capture_type", "Final"),
    }


def decided(action: Document, code: str, *, moment: str) -> Document:
    """Return an action with what was decided about it."""
    said = {"response_code": code, "response_summary": summary(code)}
    return {**action, "approved": code == APPROVED, "processed_on": moment, **said}


def answer(payment: Document, authorization: Document, *, base: str) -> Document:
    """Return how a payment is answered that was decided about at once."""
    said = {name: authorization[name] for name in ("response_code", "response_summary", "processed_on")}
    return {**details(payment, base=base), "action_id": authorization["id"], **said}


def pending_answer(payment: Document, *, base: str) -> Document:
    """Return how a payment is answered that waits for the buyer."""
    told = {name: payment[name] for name in ("id", "status", "reference")}
    return {**told, "3ds": {"downgraded": False, "enrolled": "Y"}, "_links": links(payment, base=base)}


def details(payment: Document, *, base: str) -> Document:
    """Return a payment as a look-up shows it: without the reason of a decline."""
    told = {name: value for name, value in payment.items() if name != "_own"}
    source = {"type": "card", "id": payment["_own"]["token"], "scheme": "Visa", "last4": "4242"}
    return {**told, "payment_type": "Regular", "source": source, "_links": links(payment, base=base)}


def links(payment: Document, *, base: str) -> Document:
    """Return the addresses of a payment, and the bank's page while that is open."""
    own = f"{base}/payments/{payment['id']}"
    found = {"self": {"href": own}, "actions": {"href": f"{own}/actions"}}
    if payment["status"] == "Pending":
        found["redirect"] = {"href": f"{base}/3ds/{payment['id']}"}
    return found


def shown_action(action: Document) -> Document:
    """Return an action as a list shows it."""
    return {name: value for name, value in action.items() if name not in {"payment", "capture_type", "requested_on"}}


def accepted(action: Document, *, base: str) -> Document:
    """Return how an action is answered that will be decided about."""
    links = {"payment": {"href": f"{base}/payments/{action['payment']}"}}
    return {"action_id": action["id"], "reference": action["reference"], "_links": links}


def event_data(payment: Document, action: Document) -> Document:
    """Return what an event tells of an action upon a payment, by our names for that one, or else for the payment."""
    names = ("amount", "response_code", "response_summary", "processed_on")
    return {
        "id": payment["id"],
        "action_id": action["id"],
        "currency": payment["currency"],
        "reference": action["reference"] or payment["reference"],
        "metadata": action["metadata"] or payment["metadata"],
        "balances": payment["balances"],
        **{name: action[name] for name in names if name in action},
    }


def new_event(kind: str, data: Document, *, created_on: str) -> Document:
    """Return an event."""
    return {"id": new_id("evt"), "type": kind, "version": "1.0.29", "created_on": created_on, "data": data}
