"""The events that payments publishes, each once, in the commit that makes it true, and what is in them.

Amounts are in minor units. A change adds: see exactly_once/event_types.py.
"""

from exactly_once.event_types import EventType, Payload
from payments.models import Attempt, PaymentIntent, Refund
from payments.states import IntentState, RefundState

_SILENT_STATES = (IntentState.PROCESSING,)  # still under way: there is nothing to tell yet

EVENT_TYPES = (
    *(EventType(f"payment_intent.{state}") for state in IntentState if state not in _SILENT_STATES),
    *(EventType(f"refund.{state}") for state in RefundState if state is not RefundState.PENDING),
)


def intent_payload(intent: PaymentIntent, attempt: Attempt) -> Payload:
    """Return what ``payment_intent.*`` says."""
    return {
        "id": intent.public_id,
        "order_reference": intent.order_reference,
        "amount_minor": intent.amount_minor,
        "currency": intent.currency,
        "state": str(intent.state),
        "psp": attempt.psp,
    }


def refund_payload(refund: Refund) -> Payload:
    """Return what ``refund.*`` says."""
    return {
        "id": refund.public_id,
        "order_reference": refund.attempt.intent.order_reference,
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "state": str(refund.state),
    }
