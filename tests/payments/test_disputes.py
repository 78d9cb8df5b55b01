"""A dispute's money is booked once, in whatever order its news comes, and no buyer is paid twice."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger import queries as ledger
from ledger.money import Money
from payments.dispute import settle_dispute
from payments.errors import PaymentRefused
from payments.models import Attempt, Dispute, Refund
from payments.psp.news import DisputeEvent
from payments.psp.outcomes import RefundSucceeded
from payments.refund import request_refund
from payments.settle_refund import call_off, settle_refund
from payments.states import DisputeState
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.holding import EUR, ORDER, assert_in_order
from tests.payments.taking import take

pytestmark = pytest.mark.django_db(transaction=True)

D = DisputeState
DUE = datetime(2026, 12, 1, tzinfo=UTC)
FEE = Money(1500, "EUR")


@pytest.fixture(autouse=True)
def _paid() -> None:
    take()


def tell(state: DisputeState, *, money: Money = EUR, fee: Money | None = None, reference: str = "du_1") -> str:
    event = DisputeEvent(reference, "pi_1", state, money, reason="fraudulent", evidence_due_at=DUE, fee=fee)
    with transaction():
        return str(settle_dispute(attempt=Attempt.objects.get(), event=event, now=NOW))


def balances() -> dict[str, int]:
    """Return what is on each account, in minor units; empty ones left out."""
    codes = {
        "receivable": "assets:psp:stripe:receivable",
        "disputed": "assets:psp:stripe:disputed",
        "chargebacks": "expenses:chargebacks",
        "fees": "expenses:dispute_fees",
    }
    found = {name: ledger.balance(book="shop", account=code, currency="EUR") for name, code in codes.items()}
    return {name: row.balance.amount_minor for name, row in found.items() if row.balance.amount_minor}


def promise(minor: int) -> Refund:
    with transaction():
        public_id = request_refund(
            order_reference=ORDER, money=Money(minor, "EUR"), reason="requested_by_customer", now=NOW
        )
    return Refund.objects.get(public_id=public_id)


@pytest.mark.parametrize(
    ("course", "left"),
    [
        ([D.NEEDS_RESPONSE], {"receivable": -1500, "disputed": 1290, "fees": 1500}),
        ([D.NEEDS_RESPONSE, D.UNDER_REVIEW], {"receivable": -1500, "disputed": 1290, "fees": 1500}),
        ([D.NEEDS_RESPONSE, D.UNDER_REVIEW, D.WON], {"receivable": -210, "fees": 1500}),
        ([D.NEEDS_RESPONSE, D.LOST], {"receivable": -1500, "chargebacks": 1290, "fees": 1500}),
        ([D.NEEDS_RESPONSE, D.WON, D.LOST], {"receivable": -1500, "chargebacks": 1290, "fees": 1500}),
        ([D.NEEDS_RESPONSE, D.LOST, D.WON], {"receivable": -210, "fees": 1500}),
        ([D.NEEDS_RESPONSE, D.LOST, D.WON, D.LOST, D.WON], {"receivable": -210, "fees": 1500}),
        ([D.WON], {"receivable": -210, "fees": 1500}),
        ([D.LOST], {"receivable": -1500, "chargebacks": 1290, "fees": 1500}),
    ],
)
def test_the_money_follows_the_dispute(course: list[DisputeState], left: dict[str, int]) -> None:
    # When each news comes twice
    for state in course:
        tell(state, fee=FEE)
        assert tell(state, fee=FEE) == state
    # Then
    assert balances() == left
    assert Dispute.objects.get().evidence_due_at == DUE
    assert OutboxEvent.objects.filter(aggregatetype="dispute").count() == len(course)
    assert_in_order()


def test_a_warning_moves_no_money() -> None:
    for state in (D.WARNING_NEEDS_RESPONSE, D.WARNING_UNDER_REVIEW, D.WARNING_CLOSED):
        tell(state)
    assert balances() == {"receivable": 1290}
    assert tell(D.NEEDS_RESPONSE) == "needs_response"
    assert balances() == {"disputed": 1290}
    assert_in_order()


@pytest.mark.parametrize("order", list(itertools.permutations([D.NEEDS_RESPONSE, D.UNDER_REVIEW, D.LOST])))
def test_news_in_any_order_ends_the_same(order: tuple[DisputeState, ...]) -> None:
    for state in (*order, *order):
        tell(state, fee=FEE)
    assert Dispute.objects.get().state == "lost"
    assert balances() == {"receivable": -1500, "chargebacks": 1290, "fees": 1500}
    assert_in_order()


def test_twenty_messengers_of_one_dispute_book_it_once() -> None:
    assert crowd(20, lambda _: tell(D.NEEDS_RESPONSE, fee=FEE)) == ["needs_response"] * 20
    assert balances() == {"receivable": -1500, "disputed": 1290, "fees": 1500}


def test_what_the_bank_has_taken_is_not_paid_back_once_more() -> None:
    # Given a bank that took part of the money
    tell(D.NEEDS_RESPONSE, money=Money(1000, "EUR"))
    # When
    with pytest.raises(PaymentRefused) as refusal:
        promise(291)
    promise(290)
    # Then
    assert refusal.value.code == "refund_exceeds_capture"
    # When it was won, there is something to pay back again
    tell(D.WON, money=Money(1000, "EUR"))
    promise(1000)
    assert_in_order()


def test_a_refund_that_nobody_sent_yet_is_called_back() -> None:
    refund = promise(1290)
    tell(D.NEEDS_RESPONSE)
    refund.refresh_from_db()
    assert (refund.state, refund.failure_reason) == ("canceled", "disputed")
    assert Attempt.objects.get().refunded_minor == 0
    assert_in_order()


@pytest.mark.parametrize("known", [{"sent_at": NOW}, {"psp_reference": "re_1"}], ids=["sent", "the PSP has it"])
def test_a_refund_that_was_sent_meanwhile_is_not_called_back(known: dict[str, Any]) -> None:
    # Given one that is sent after a dispute has looked for those that are not, by whoever had these records before
    refund = promise(1290)
    Refund.objects.update(**known)
    # When
    with transaction():
        call_off(refund_uuid=refund.uuid, now=NOW)
    # Then
    refund.refresh_from_db()
    assert (refund.state, Attempt.objects.get().refunded_minor) == ("pending", 1290)


def test_a_chargeback_after_a_refund_says_what_was_paid_back() -> None:
    # Given
    refund = promise(1290)
    with transaction():
        settle_refund(refund_uuid=refund.uuid, outcome=RefundSucceeded("re_1", EUR), now=NOW)
    # When the bank takes the money all the same
    tell(D.NEEDS_RESPONSE)
    # Then whoever answers it can show that the buyer has it
    assert Dispute.objects.get().refunded_minor == 1290
    assert OutboxEvent.objects.get(type="dispute.needs_response").payload["refunded_minor"] == 1290
    assert balances() == {"receivable": -1290, "disputed": 1290}
    with pytest.raises(PaymentRefused):
        promise(1)
    assert_in_order()


@pytest.mark.parametrize("money", [Money(1291, "EUR"), Money(1290, "USD")])
def test_a_dispute_about_other_money_than_was_captured_is_for_people(money: Money) -> None:
    with pytest.raises(PaymentRefused) as refusal:
        tell(D.NEEDS_RESPONSE, money=money)
    assert refusal.value.code == "contradictory_outcome"
    assert (Dispute.objects.count(), Attempt.objects.get().disputed_minor) == (0, 0)


def test_two_disputes_take_no_more_than_was_captured() -> None:
    tell(D.NEEDS_RESPONSE, money=Money(1000, "EUR"))
    with pytest.raises(PaymentRefused):
        tell(D.NEEDS_RESPONSE, money=Money(291, "EUR"), reference="du_2")
    tell(D.NEEDS_RESPONSE, money=Money(290, "EUR"), reference="du_2")
    assert balances() == {"disputed": 1290}


def test_the_database_takes_no_refund_of_what_the_bank_has_taken() -> None:
    tell(D.NEEDS_RESPONSE)
    Attempt.objects.update(refunded_minor=1)
    with pytest.raises(IntegrityError, match="not counted by its attempt"):
        Refund.objects.create(attempt=Attempt.objects.get(), amount_minor=1, currency="EUR", created_at=NOW)


@pytest.mark.parametrize("change", [{"withdrawn_minor": 0}, {"state": "won"}, {"amount_minor": 0}])
def test_the_database_holds_the_sums_of_a_dispute(change: dict[str, object]) -> None:
    tell(D.NEEDS_RESPONSE)
    with pytest.raises(IntegrityError):
        Dispute.objects.update(**change)
