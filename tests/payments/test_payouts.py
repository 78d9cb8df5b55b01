"""A payout is in our bank account once, and leaves it again where the bank sends it back."""

import itertools

import pytest
from django.conf import settings
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger import queries as ledger
from ledger.money import Money
from payments.errors import PaymentRefused
from payments.models import Payout
from payments.payout import settle_payout
from payments.psp.news import PayoutEvent
from payments.states import PayoutState
from tests.factories import NOW
from tests.payments.holding import EUR, assert_in_order
from tests.payments.taking import take

pytestmark = pytest.mark.django_db(transaction=True)

P = PayoutState


@pytest.fixture(autouse=True)
def _paid() -> None:
    take()


def tell(state: PayoutState, money: Money = EUR) -> str:
    with transaction():
        return str(settle_payout(psp="stripe", account="main", event=PayoutEvent("po_1", state, money), now=NOW))


def in_the_bank() -> tuple[int, int]:
    """Return what is in the bank, and what the PSP owes us still."""
    codes = (f"assets:bank:{settings.PAYMENTS_BANK}", "assets:psp:stripe:receivable")
    bank, owed = (ledger.balance(book="shop", account=code, currency="EUR") for code in codes)
    return bank.balance.amount_minor, owed.balance.amount_minor


@pytest.mark.parametrize("order", list(itertools.permutations([P.PENDING, P.IN_TRANSIT, P.PAID])))
def test_a_payout_arrives_once_whatever_the_order_of_its_news(order: tuple[PayoutState, ...]) -> None:
    for state in (*order, *order):
        tell(state)
    assert (Payout.objects.get().state, in_the_bank()) == ("paid", (1290, 0))
    assert OutboxEvent.objects.filter(type="payout.paid").count() == 1
    assert_in_order()


def test_a_payout_that_our_bank_sends_back_is_owed_again() -> None:
    tell(P.PAID)
    for _ in range(2):
        tell(P.FAILED)
    assert (Payout.objects.get().state, in_the_bank()) == ("failed", (0, 1290))
    assert_in_order()


@pytest.mark.parametrize("end", [P.FAILED, P.CANCELED])
def test_a_payout_that_never_arrived_moves_nothing(end: PayoutState) -> None:
    tell(P.IN_TRANSIT)
    tell(end)
    assert in_the_bank() == (0, 1290)
    assert_in_order()


def test_a_payout_of_another_sum_than_before_is_for_people() -> None:
    tell(P.PENDING)
    with pytest.raises(PaymentRefused) as refusal:
        tell(P.PAID, Money(1289, "EUR"))
    assert refusal.value.code == "contradictory_outcome"
    assert in_the_bank() == (0, 1290)
