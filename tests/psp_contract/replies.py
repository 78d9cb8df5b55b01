"""Replies such as Stripe gives, for servers that are to give them wrongly, and calls that get them."""

import json
from collections.abc import Callable
from uuid import UUID

from ledger.money import Money
from payments.psp.base import PspAdapter
from payments.psp.outcomes import AuthorizeOutcome
from tests.psp_contract.backends import adapter_at

ATTEMPT = UUID("0b0e7f4e-5d0c-4f0e-9c69-6f1e0a3f7f01")
CAPTURE = UUID("3f1f0a5e-6f0b-4c8e-8e6e-2a7d9c1be203")
REFUND = UUID("9a1d3c52-2f67-4a58-8a08-0d8a4bb0a702")
EUR = Money(1290, "EUR")


def intent(**changes: object) -> str:
    """Return a captured PaymentIntent of ``ATTEMPT``, but for the changes."""
    told = {"id": "pi_1", "status": "succeeded", "amount": 1290, "amount_received": 1290, "currency": "eur"}
    return json.dumps({**told, "metadata": {"tally_attempt": str(ATTEMPT)}, **changes})


def refund(**changes: object) -> str:
    """Return a Refund of ``REFUND`` that succeeded, but for the changes."""
    told = {"id": "re_1", "status": "succeeded", "amount": 1290, "currency": "eur", "payment_intent": "pi_1"}
    return json.dumps({**told, "metadata": {"tally_refund": str(REFUND)}, **changes})


def found(*intents: str) -> str:
    """Return what a search answers."""
    return f'{{"data": [{", ".join(intents)}]}}'


def error(**members: object) -> str:
    """Return an error answer."""
    return json.dumps({"error": members})


def authorize(url: str) -> AuthorizeOutcome:
    """Ask the server at ``url`` for money."""
    return adapter_at(url, read_timeout_seconds=0.5).authorize(
        key="key", attempt_id=ATTEMPT, money=EUR, token="pm_card_visa", capture=True, description=""
    )


VERBS: dict[str, Callable[[PspAdapter], object]] = {
    "capture": lambda psp: psp.capture(key="key", capture_id=CAPTURE, psp_reference="pi_1", money=EUR, final=True),
    "void": lambda psp: psp.void(key="key", psp_reference="pi_1"),
    "refund": lambda psp: psp.refund(key="key", psp_reference="pi_1", refund_id=REFUND, money=EUR),
    "retrieve": lambda psp: psp.retrieve(attempt_id=ATTEMPT, psp_reference="pi_1"),
    "search": lambda psp: psp.retrieve(attempt_id=ATTEMPT, psp_reference=None),
}
