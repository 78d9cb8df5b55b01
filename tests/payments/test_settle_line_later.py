"""Settlement lines of what happens to a payment later: disputes, and payouts."""

from uuid import UUID

import pytest
from django_subatomic.db import transaction

from ledger.money import Money
from payments.dispute import settle_dispute
from payments.models import Attempt, Dispute, Payout
from payments.payout import settle_payout
from payments.psp.news import DisputeEvent, PayoutEvent
from payments.psp.outcomes import RequiresAction
from payments.states import DisputeState, LineKind, PayoutState
from tests.factories import NOW
from tests.payments.holding import EUR, assert_in_order, news
from tests.payments.settling import balances, breaks, settled, told

pytestmark = pytest.mark.django_db(transaction=True)

K = LineKind
CHARGE = told(K.CHARGE, 1290, fee=43)


def tell(state: DisputeState, *, fee: int | None = None) -> None:
    charged = None if fee is None else Money(fee, "EUR")
    with transaction():
        event = DisputeEvent("du_1", "pi_1", state, EUR, reason="fraudulent", fee=charged)
        settle_dispute(attempt=Attempt.objects.get(), event=event, now=NOW)


def test_a_dispute_that_no_webhook_told_of_begins_with_its_line(paid: UUID) -> None:
    assert settled(told(K.DISPUTE, -1290, fee=1500)) == ["matched"]
    assert (Dispute.objects.get().state, Dispute.objects.get().fee_minor) == ("needs_response", 1500)
    assert balances() == {"receivable": -1500, "disputed": 1290, "dispute fees": 1500, "orders": 1290}
    assert settled(told(K.DISPUTE_REVERSAL, 1290, fee=-1500)) == ["matched"]
    assert Dispute.objects.get().state == "won"
    assert balances() == {"receivable": 1290, "orders": 1290}
    assert_in_order()


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("by_webhook", [None, 1500, 1200])
def test_what_a_dispute_costs_is_booked_once(paid: UUID, told_first: bool, by_webhook: int | None) -> None:
    if told_first:
        tell(DisputeState.NEEDS_RESPONSE, fee=by_webhook)
    assert settled(told(K.DISPUTE, -1290, fee=1500)) == ["matched"]
    if not told_first:
        tell(DisputeState.NEEDS_RESPONSE, fee=by_webhook)
    tell(DisputeState.LOST, fee=by_webhook)
    assert balances() == {"receivable": -1500, "chargebacks": 1290, "dispute fees": 1500, "orders": 1290}
    assert_in_order()


def test_a_dispute_that_turns_has_a_line_for_each_turn(paid: UUID) -> None:
    # Given webhooks that are ahead of the settlement
    for state in (DisputeState.NEEDS_RESPONSE, DisputeState.WON, DisputeState.LOST):
        tell(state)
    # When
    again = told(K.DISPUTE, -1290, line_id="txn_2")
    assert settled(told(K.DISPUTE, -1290), told(K.DISPUTE_REVERSAL, 1290), again) == ["matched"] * 3
    # Then the earlier return changes nothing
    assert Dispute.objects.get().state == "lost"
    assert balances() == {"chargebacks": 1290, "orders": 1290}
    # When it is reversed in arbitration
    assert settled(told(K.DISPUTE_REVERSAL, 1290, line_id="txn_3")) == ["matched"]
    assert Dispute.objects.get().state == "won"
    assert_in_order()


def test_a_dispute_that_was_settled_otherwise_is_in_question(paid: UUID) -> None:
    # Given a dispute, of which the PSP returns more than it had taken, twice
    assert settled(told(K.DISPUTE, -1290), told(K.DISPUTE_REVERSAL, 1290)) == ["matched"] * 2
    # When
    assert settled(told(K.DISPUTE_REVERSAL, 1300, line_id="txn_2")) == ["amount_mismatch"]
    # Then all of it is in question
    assert breaks() == [("amount_mismatch", "open", 1300, True, True)]
    assert balances() == {"receivable": 2590, "orders": 1290, "suspense": -1300}
    assert_in_order()


def test_a_return_that_nobody_lost_waits_for_the_loss(paid: UUID) -> None:
    assert settled(told(K.DISPUTE, -1290), told(K.DISPUTE_REVERSAL, 1290)) == ["matched"] * 2
    late = told(K.DISPUTE_REVERSAL, 1290, line_id="txn_3")
    assert settled(late) == ["new"]
    assert settled(told(K.DISPUTE, -1290, line_id="txn_2")) == ["matched"]
    assert settled(late) == ["matched"]
    assert balances() == {"receivable": 1290, "orders": 1290}
    assert_in_order()


def test_a_dispute_of_what_is_not_captured_yet_waits_for_its_charge(attempt: UUID) -> None:
    dispute, charge = told(K.DISPUTE, -1290), told(K.CHARGE, 1290, our_id=attempt)
    news(attempt, RequiresAction("pi_1", redirect_url="https://bank.example"))
    assert settled(dispute, charge) == ["new", "matched"]
    assert settled(dispute) == ["matched"]
    assert balances() == {"disputed": 1290, "orders": 1290}
    assert_in_order()


def test_a_payout_that_no_webhook_told_of_arrives_with_its_line(paid: UUID) -> None:
    assert settled(CHARGE, told(K.PAYOUT, -1247)) == ["matched", "matched"]
    assert Payout.objects.get().state == "paid"
    assert balances() == {"bank": 1247, "fees": 43, "orders": 1290}
    assert_in_order()


def test_a_payout_on_its_way_is_booked_when_it_arrives(paid: UUID) -> None:
    assert settled(told(K.PAYOUT, -1247, payout_state=PayoutState.IN_TRANSIT)) == ["matched"]
    assert balances() == {"receivable": 1290, "orders": 1290}
    with transaction():
        event = PayoutEvent("po_1", PayoutState.PAID, Money(1247, "EUR"))
        settle_payout(psp="stripe", account="main", event=event, now=NOW)
    assert balances() == {"receivable": 43, "bank": 1247, "orders": 1290}
    assert_in_order()


def test_a_payout_that_came_back_is_owed_again(paid: UUID) -> None:
    back = told(K.PAYOUT_RETURN, 1247, payout_state=PayoutState.FAILED)
    assert settled(told(K.PAYOUT, -1247), back) == ["matched", "matched"]
    assert Payout.objects.get().state == "failed"
    assert balances() == {"receivable": 1290, "orders": 1290}
    assert_in_order()


def test_a_payout_of_another_sum_is_in_question(paid: UUID) -> None:
    assert settled(told(K.PAYOUT, -1247)) == ["matched"]
    assert settled(told(K.PAYOUT_RETURN, 1240)) == ["amount_mismatch"]
    assert breaks() == [("amount_mismatch", "open", 7, False, True)]
    assert_in_order()
