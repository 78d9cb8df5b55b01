"""What a bank has taken back, in part or not for good, and is canceled."""

import pytest
from django_subatomic.db import transaction

from checkout.errors import OrderRefused
from checkout.models import Order
from ledger.money import Money
from payments.dispute import settle_dispute
from payments.models import Attempt, Refund
from payments.psp.news import DisputeEvent
from payments.states import DisputeState
from tests.checkout.orders import books, cancel, pay_back, sell_mugs, ship, wrong
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def dispute(state: DisputeState, minor: int) -> None:
    attempt = Attempt.objects.get()
    event = DisputeEvent("du_1", str(attempt.psp_reference), state, Money(minor, "EUR"), reason="x")
    with transaction():
        settle_dispute(attempt=attempt, event=event, now=NOW)


def test_nothing_is_canceled_before_the_bank_has_decided_whose_the_money_is() -> None:
    # Given
    _, order = sell_mugs(1)
    dispute(DisputeState.NEEDS_RESPONSE, 1780)
    # When
    with pytest.raises(OrderRefused) as refusal:
        cancel(order)
    # Then
    assert (refusal.value.code, Order.objects.get().state) == ("payment_disputed", "confirmed")
    # And when we have won, all of it is paid back
    dispute(DisputeState.WON, 1780)
    assert cancel(order)["state"] == "canceled"
    assert Refund.objects.get().amount_minor == 1780
    pay_back()
    assert (books("liabilities:orders"), wrong()) == ([0], [])


def test_what_is_left_is_paid_back_of_the_canceled_units_alone() -> None:
    # Given one mug and the parcel earned: EUR 17.80; the bank gives the buyer EUR 5.00
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    earned = books("revenue:sales", "revenue:shipping", "revenue:refunds")
    dispute(DisputeState.LOST, 500)
    # When
    cancel(order)
    pay_back()
    # Then what was earned stays earned
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 1290 - 500
    assert not Refund.objects.filter(shares__earned_minor__gt=0).exists(), earned
