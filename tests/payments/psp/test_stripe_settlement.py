"""Stripe's disputes and payouts, in our words."""

import json
from datetime import UTC, date, datetime

import pytest

from ledger.money import Money
from payments.psp.news import DisputeEvent, Ignored, PayoutEvent
from payments.psp.stripe import UNREADABLE
from payments.psp.stripe_objects import parse_event
from payments.states import DisputeState, PayoutState

DISPUTE = {
    "id": "du_1",
    "payment_intent": "pi_1",
    "status": "needs_response",
    "amount": 1290,
    "currency": "eur",
    "reason": "fraudulent",
    "evidence_details": {"due_by": 1796126400},
    "balance_transactions": [{"fee": 1500, "currency": "eur"}],
}
PAYOUT = {"id": "po_1", "status": "paid", "amount": 99000, "currency": "eur", "arrival_date": 1796083200}


def event(kind: str, subject: dict[str, object]) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": subject}}).encode()


@pytest.mark.parametrize("kind", ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"])
@pytest.mark.parametrize("state", list(DisputeState))
def test_a_dispute_is_told_as_it_stands(kind: str, state: DisputeState) -> None:
    assert parse_event(event(f"charge.dispute.{kind}", DISPUTE | {"status": str(state)})) == DisputeEvent(
        psp_reference="du_1",
        payment_reference="pi_1",
        state=state,
        money=Money(1290, "EUR"),
        reason="fraudulent",
        evidence_due_at=datetime(2026, 12, 1, 12, tzinfo=UTC),
        fee=Money(1500, "EUR"),
    )


def test_a_dispute_that_was_prevented_moves_no_money() -> None:
    told = parse_event(event("charge.dispute.created", DISPUTE | {"status": "prevented", "balance_transactions": []}))
    assert isinstance(told, DisputeEvent)
    assert (told.state, told.fee) == (DisputeState.WARNING_CLOSED, None)


@pytest.mark.parametrize("kind", ["created", "updated", "paid", "failed", "canceled"])
@pytest.mark.parametrize("state", list(PayoutState))
def test_a_payout_is_told_as_it_stands(kind: str, state: PayoutState) -> None:
    assert parse_event(event(f"payout.{kind}", PAYOUT | {"status": str(state)})) == PayoutEvent(
        psp_reference="po_1", state=state, money=Money(99000, "EUR"), arrives_on=date(2026, 12, 1)
    )


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("charge.dispute.created", DISPUTE | {"status": "teleported"}),
        ("charge.dispute.created", DISPUTE | {"payment_intent": None}),
        ("charge.dispute.created", DISPUTE | {"amount": 12.9}),
        ("payout.paid", PAYOUT | {"status": "teleported"}),
        ("payout.paid", PAYOUT | {"amount": -100}),
    ],
)
def test_what_makes_no_sense_is_kept_and_looked_at(kind: str, subject: dict[str, object]) -> None:
    with pytest.raises(UNREADABLE):
        parse_event(event(kind, subject))


def test_what_else_payouts_tell_changes_nothing() -> None:
    assert parse_event(event("payout.reconciliation_completed", PAYOUT)) == Ignored("payout.reconciliation_completed")
