"""One call of each verb, the same for every adapter."""

from collections.abc import Callable
from uuid import UUID

from ledger.money import Money
from payments.psp.base import PspAdapter
from payments.psp.outcomes import AuthorizeOutcome
from tests.psp_contract.pairs import Psp

ATTEMPT = UUID("0b0e7f4e-5d0c-4f0e-9c69-6f1e0a3f7f01")
CAPTURE = UUID("3f1f0a5e-6f0b-4c8e-8e6e-2a7d9c1be203")
REFUND = UUID("9a1d3c52-2f67-4a58-8a08-0d8a4bb0a702")
PAYMENT = "pi_1"
EUR = Money(1290, "EUR")


def authorize(psp: Psp, url: str) -> AuthorizeOutcome:
    """Ask the server at ``url`` for money, and wait half a second."""
    return psp.adapter_at(url, read_timeout_seconds=0.5).authorize(
        key="key", attempt_id=ATTEMPT, money=EUR, token=psp.good_card, capture=True, description=""
    )


VERBS: dict[str, Callable[[PspAdapter], object]] = {
    "capture": lambda psp: psp.capture(key="key", capture_id=CAPTURE, psp_reference=PAYMENT, money=EUR, final=True),
    "void": lambda psp: psp.void(key="key", psp_reference=PAYMENT),
    "refund": lambda psp: psp.refund(key="key", psp_reference=PAYMENT, refund_id=REFUND, money=EUR),
}

LOOK_UPS: dict[str, Callable[[PspAdapter], object]] = {
    "retrieve": lambda psp: psp.retrieve(attempt_id=ATTEMPT, psp_reference=PAYMENT),
    "search": lambda psp: psp.retrieve(attempt_id=ATTEMPT, psp_reference=None),
    "retrieve_refund": lambda psp: psp.retrieve_refund(refund_id=REFUND, psp_reference=PAYMENT),
}
