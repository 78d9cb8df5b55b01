"""What Stripe's disputes and payouts mean in our words. Pure: dicts in, news out. Raises as stripe_objects.py does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ledger.money import Money
from payments.psp.news import DisputeEvent, PayoutEvent
from payments.states import DisputeState, PayoutState

type Object = Mapping[str, Any]

DISPUTE_EVENTS = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
PAYOUT_EVENTS = frozenset(f"payout.{what}" for what in ("created", "updated", "paid", "failed", "canceled"))


def dispute_news(dispute: Object) -> DisputeEvent:
    """Return how a Dispute stands (API reference, "The Dispute object")."""
    currency = dispute["currency"].upper()
    due = (dispute.get("evidence_details") or {}).get("due_by")
    # A dispute that was prevented (by an alert, before the bank acted) moves no money.
    state = "warning_closed" if dispute["status"] == "prevented" else dispute["status"]
    return DisputeEvent(
        psp_reference=_text(dispute["id"]),
        payment_reference=_text(dispute["payment_intent"]),
        state=DisputeState(state),
        money=Money(dispute["amount"], currency),
        reason=str(dispute.get("reason") or ""),
        evidence_due_at=None if due is None else datetime.fromtimestamp(due, UTC),
        fee=_fee(dispute.get("balance_transactions") or []),
    )


def payout_news(payout: Object) -> PayoutEvent:
    """Return how a Payout stands (API reference, "The Payout object")."""
    arrives = payout.get("arrival_date")
    if payout["amount"] <= 0:
        raise ValueError("a payout that takes money from our bank account is for people to book")
    return PayoutEvent(
        psp_reference=_text(payout["id"]),
        state=PayoutState(payout["status"]),
        money=Money(payout["amount"], payout["currency"].upper()),
        arrives_on=None if arrives is None else datetime.fromtimestamp(arrives, UTC).date(),
    )


def _fee(transactions: list[Object]) -> Money | None:
    """Return what Stripe charges for the dispute: the first of its balance transactions says."""
    charged = next((each for each in transactions if each["fee"]), None)
    return None if charged is None else Money(charged["fee"], charged["currency"].upper())


def _text(found: Any) -> str:
    if not isinstance(found, str) or not found:
        raise ValueError("an id is some text")
    return found
