"""The events that payments publishes, each once, in the commit that makes it true, and what is in them.

Amounts are in minor units. A change adds: see exactly_once/event_types.py.
"""

from datetime import datetime

from exactly_once.event_types import EventType, Payload
from payments.models import Attempt, Capture, Dispute, PaymentIntent, Payout, Refund
from payments.states import CaptureState, DisputeState, IntentState, PayoutState, RefundState

# Still under way, or not begun: there is nothing to tell yet.
_SILENT_STATES = (IntentState.PROCESSING, IntentState.REQUIRES_CONFIRMATION)


def _with_decline_reason(payload: Payload) -> Payload:
    return {**payload, "decline_reason": None}


EVENT_TYPES = (
    *(
        EventType(f"payment_intent.{state}", upcasters=(_with_decline_reason,))
        for state in IntentState
        if state not in _SILENT_STATES
    ),
    EventType("surplus.captured"),
    EventType("authorization.expiring"),
    EventType("authorization.ended"),
    *(EventType(f"capture.{state}") for state in CaptureState if state is not CaptureState.PENDING),
    *(EventType(f"dispute.{state}") for state in DisputeState),
    *(EventType(f"payout.{state}") for state in PayoutState),
    *(EventType(f"refund.{state}") for state in RefundState if state is not RefundState.PENDING),
)


def intent_payload(intent: PaymentIntent, attempt: Attempt | None) -> Payload:
    """Return what ``payment_intent.*`` says; ``psp`` is null where none was asked.

    ``decline_reason``: why the last attempt came to nothing; null where it did not.
    """
    return {
        "id": intent.public_id,
        "order_reference": intent.order_reference,
        "amount_minor": intent.amount_minor,
        "currency": intent.currency,
        "state": str(intent.state),
        "psp": attempt.psp if attempt else None,
        "decline_reason": (attempt.decline_reason if attempt else "") or None,
    }


def authorization_payload(held: Attempt, expires_at: datetime) -> Payload:
    """Return what ``authorization.expiring`` says: so much is still held, and can be captured until then."""
    return {
        "payment_intent": held.intent.public_id,
        "order_reference": held.intent.order_reference,
        "psp": held.psp,
        "amount_minor": held.amount_minor - held.captured_minor,
        "currency": held.currency,
        "expires_at": expires_at.isoformat(),
    }


def ended_payload(ended: Attempt) -> Payload:
    """Return what ``authorization.ended`` says: so much is not held any more; another part was captured before."""
    return {
        "payment_intent": ended.intent.public_id,
        "order_reference": ended.intent.order_reference,
        "psp": ended.psp,
        "amount_minor": ended.amount_minor - ended.captured_minor,
        "captured_minor": ended.captured_minor,
        "currency": ended.currency,
    }


def capture_payload(capture: Capture) -> Payload:
    """Return what ``capture.*`` says."""
    return {
        "id": capture.public_id,
        "payment_intent": capture.attempt.intent.public_id,
        "order_reference": capture.attempt.intent.order_reference,
        "amount_minor": capture.amount_minor,
        "currency": capture.currency,
        "final": capture.final,
        "state": str(capture.state),
    }


def surplus_payload(surplus: Attempt, refund: Refund) -> Payload:
    """Return what ``surplus.captured`` says: money came that nobody owed us, and this refund pays it back."""
    return {
        "payment_intent": surplus.intent.public_id,
        "order_reference": surplus.intent.order_reference,
        "psp": surplus.psp,
        "psp_reference": surplus.psp_reference,
        "amount_minor": surplus.captured_minor,
        "currency": surplus.currency,
        "refund": refund.public_id,
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


def dispute_payload(dispute: Dispute) -> Payload:
    """Return what ``dispute.*`` says; ``refunded_minor`` had gone back to the buyer before."""
    due = dispute.evidence_due_at
    return {
        "id": dispute.public_id,
        "payment_intent": dispute.attempt.intent.public_id,
        "order_reference": dispute.attempt.intent.order_reference,
        "amount_minor": dispute.amount_minor,
        "currency": dispute.currency,
        "reason": dispute.reason,
        "state": str(dispute.state),
        "evidence_due_at": due.isoformat() if due else None,
        "refunded_minor": dispute.refunded_minor,
    }


def payout_payload(payout: Payout) -> Payload:
    """Return what ``payout.*`` says."""
    return {
        "id": payout.public_id,
        "psp": payout.psp,
        "psp_reference": payout.psp_reference,
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
        "state": str(payout.state),
        "arrives_on": payout.arrives_on.isoformat() if payout.arrives_on else None,
    }
