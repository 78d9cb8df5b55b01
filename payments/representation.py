"""Payments, disputes and payouts as the JSON that clients see. Pure: rows in, dicts out.

Here and not in the API, because the transaction that settles a payment also stores the response of the request that
asked for it, whichever racer runs it. payments/api/schemas.py describes the same shapes to OpenAPI.
"""

from datetime import datetime

from django.urls import reverse

from payments.models import Attempt, Capture, Dispute, IntentPart, PaymentIntent, Payout, Refund
from payments.payout_lines import PayoutLines
from payments.payout_proof import Proof
from payments.states import AttemptState, IntentState

type Json = dict[str, object]


def intent_address(intent_id: str) -> str:
    """Return where the API shows an intent."""
    return reverse("payment-intent", args=[intent_id])


def intent_body(intent: PaymentIntent, *, attempts: list[Attempt], parts: list[IntentPart]) -> Json:
    """Describe an intent, with its attempts, the oldest first, and its parts with what refunds have of them."""
    last = next((each for each in reversed(attempts) if each.state != AttemptState.SURPLUS), None)
    kept = [each for each in attempts if each.state != AttemptState.SURPLUS]
    asked = intent.state == IntentState.REQUIRES_ACTION and last is not None
    return {
        "id": intent.public_id,
        "object": "payment_intent",
        "state": str(intent.state),
        "amount_minor": intent.amount_minor,
        "currency": intent.currency,
        "captured_minor": sum(each.captured_minor for each in kept),
        "refunded_minor": sum(each.refunded_minor for each in kept),
        "capture_method": "automatic" if intent.captures_at_once else "manual",
        "reference": intent.reference,
        "description": intent.description,
        "return_url": intent.return_url or None,
        "parts": [
            {
                **_part(part),
                "quantity": part.quantity,
                "amount_minor": part.amount_minor,
                "refunded_minor": part.refunded_minor,
            }
            for part in parts
        ],
        "psp": last.psp if last else next((psp for psp, _ in intent.tokens), None),
        "decline_reason": (last.decline_reason if last else "") or None,
        "next_action": _next_action(last) if asked and last else None,
        "authorization_expires_at": _time(last.capture_before) if last and last.capture_before else None,
        "created_at": _time(intent.created_at),
    }


def _next_action(attempt: Attempt) -> Json:
    until = attempt.action_expires_at
    return {
        "type": "redirect_to_url",
        "url": attempt.next_action_url,
        "expires_at": _time(until) if until else None,
    }


def capture_body(capture: Capture) -> Json:
    """Describe a capture. Needs its attempt and intent."""
    return {
        "id": capture.public_id,
        "object": "capture",
        "state": str(capture.state),
        "payment_intent": capture.attempt.intent.public_id,
        "amount_minor": capture.amount_minor,
        "currency": capture.currency,
        "final": capture.final,
        "failure_reason": capture.failure_reason or None,
        "created_at": _time(capture.created_at),
    }


def refund_body(refund: Refund) -> Json:
    """Describe a refund. Needs its attempt and intent, and its shares with their parts."""
    return {
        "id": refund.public_id,
        "object": "refund",
        "state": str(refund.state),
        "payment_intent": refund.attempt.intent.public_id,
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "parts": [{**_part(share.part), "amount_minor": share.amount_minor} for share in refund.shares.all()],
        "reason": refund.reason,
        "failure_reason": refund.failure_reason or None,
        "created_at": _time(refund.created_at),
    }


def dispute_body(dispute: Dispute) -> Json:
    """Describe a dispute. Needs its attempt and intent."""
    return {
        "id": dispute.public_id,
        "object": "dispute",
        "state": str(dispute.state),
        "payment_intent": dispute.attempt.intent.public_id,
        "amount_minor": dispute.amount_minor,
        "currency": dispute.currency,
        "fee_minor": dispute.fee_minor,
        "reason": dispute.reason,
        "evidence_due_at": _time(dispute.evidence_due_at) if dispute.evidence_due_at else None,
        "refunded_minor": dispute.refunded_minor,
        "created_at": _time(dispute.created_at),
    }


def payout_body(payout: Payout) -> Json:
    """Describe a payout."""
    return {
        "id": payout.public_id,
        "object": "payout",
        "state": str(payout.state),
        "psp": payout.psp,
        "psp_reference": payout.psp_reference,
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
        "arrives_on": payout.arrives_on.isoformat() if payout.arrives_on else None,
        "created_at": _time(payout.created_at),
    }


def payout_lines_body(lines: PayoutLines) -> Json:
    """Describe what a payout consists of."""
    return {
        "lines": lines.count,
        "gross_minor": lines.gross.amount_minor,
        "fees_minor": lines.fees.amount_minor,
        "net_minor": lines.net.amount_minor,
        "unexplained_minor": lines.unexplained.amount_minor,
    }


def proof_body(proof: Proof) -> Json:
    """Describe the proof of a payout."""
    return {
        "since": None if proof.since is None else _time(proof.since),
        "until": _time(proof.until),
        "opening_minor": proof.opening.amount_minor,
        "movements": [
            {
                "what": each.name.lower().replace(" ", "_"),
                "psp_minor": each.told.amount_minor,
                "books_minor": each.booked.amount_minor,
            }
            for each in proof.movements
        ],
        "closing_minor": proof.closing.amount_minor,
        "breaks": [
            {
                "id": each.public_id,
                "kind": each.kind,
                "state": each.state,
                "amount_minor": each.money.amount_minor,
                "currency": each.money.currency,
                "counts": each.counts,
            }
            for each in proof.breaks
        ],
        "new_lines": proof.new_lines,
        "unexplained_minor": proof.unexplained.amount_minor,
        "proved": proof.is_proved,
    }


def _part(part: IntentPart) -> Json:
    return {"kind": part.kind, "reference": part.reference, "jurisdiction": part.jurisdiction}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
