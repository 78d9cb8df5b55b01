"""Replies such as Stripe gives, for servers that are to give them wrongly."""

import json

from tests.psp_contract.calls import ATTEMPT, REFUND


def intent(**changes: object) -> str:
    """Return a captured PaymentIntent of ``calls.ATTEMPT``, but for the changes."""
    told = {"id": "pi_1", "status": "succeeded", "amount": 1290, "amount_received": 1290, "currency": "eur"}
    return json.dumps({**told, "metadata": {"tally_attempt": str(ATTEMPT)}, **changes})


def refund(**changes: object) -> str:
    """Return a Refund of ``calls.REFUND`` that succeeded, but for the changes."""
    told = {"id": "re_1", "status": "succeeded", "amount": 1290, "currency": "eur", "payment_intent": "pi_1"}
    return json.dumps({**told, "metadata": {"tally_refund": str(REFUND)}, **changes})


def found(*intents: str) -> str:
    """Return what a search answers."""
    return f'{{"data": [{", ".join(intents)}]}}'


def error(**members: object) -> str:
    """Return an error answer."""
    return json.dumps({"error": members})
