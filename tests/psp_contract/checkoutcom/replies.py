"""Replies such as Checkout.com gives, for servers that are to give them wrongly."""

import json
from typing import Any

from tests.broken_server import Behaviour, answer
from tests.psp_contract.calls import ATTEMPT, PAYMENT

REQUEST_ID = "Cko-Request-Id: 78ad0456-97da-47b6-8412-5f6fd59630f9"


def payment(**changes: object) -> str:
    """Return the payment of ``ATTEMPT``, authorised, but for the changes."""
    told = {"id": PAYMENT, "status": "Authorized", "approved": True, "amount": 1290, "currency": "EUR"}
    return json.dumps({**told, "reference": str(ATTEMPT), **changes})


def balances(**changes: int) -> dict[str, int]:
    """Return a payment's balances, nothing moved but for the changes."""
    names = ("voided", "captured", "refunded")
    nothing = {f"total_{name}": 0 for name in names} | {"available_to_void": 1290, "available_to_capture": 1290}
    return {"total_authorized": 1290, **nothing, **changes}


def accepted(reference: object, **changes: object) -> str:
    """Return how a capture, a void or a refund under this reference is taken in."""
    return json.dumps({"action_id": "act_1", "reference": str(reference), **changes})


def action(kind: str, reference: object, /, **changes: object) -> dict[str, Any]:
    """Return an action upon a payment, approved, but for the changes."""
    told = {"id": "act_1", "type": kind, "amount": 1290, "approved": True, "response_code": "10000"}
    return {**told, "reference": reference if isinstance(reference, list) else str(reference)} | changes


def found(*payments: str) -> str:
    """Return a list of payments."""
    return f'{{"limit": 100, "skip": 0, "total_count": {len(payments)}, "data": [{", ".join(payments)}]}}'


def refused(status: int, *codes: str, kind: str = "request_invalid") -> Behaviour:
    """Refuse as Checkout.com does, by name where there are codes."""
    body = json.dumps({"request_id": "0HL80RJLS76I7", "error_type": kind, "error_codes": codes}) if codes else ""
    return answer(status, body, REQUEST_ID)
