"""What a bank has taken back in part, and is canceled in part."""

import pytest
from django_subatomic.db import transaction

from ledger.money import Money
from payments.dispute import settle_dispute
from payments.models import Attempt, Refund
from payments.psp.news import DisputeEvent
from payments.states import DisputeState
from tests.checkout.orders import books, cancel, open_taxed_shop, pay_back, sell, ship
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def dispute(state: DisputeState, minor: int) -> None:
    attempt = Attempt.objects.get()
    event = DisputeEvent("du_1", str(attempt.psp_reference), state, Money(minor, "EUR"), reason="x")
    with transaction():
        settle_dispute(attempt=attempt, event=event, now=NOW)


def test_what_is_left_is_paid_back_of_the_canceled_units_alone() -> None:
    # Given one mug and the parcel earned: EUR 17.80; a dispute leaves EUR 10.70 of EUR 30.70
    mug, _ = open_taxed_shop()
    order = sell((mug, 2))
    ship(order, (mug, 1))
    earned = books("revenue:sales", "revenue:shipping", "revenue:refunds")
    dispute(DisputeState.LOST, 2000)
    # When
    cancel(order)
    pay_back()
    # Then what was earned stays earned
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 1070
    assert not Refund.objects.filter(shares__earned_minor__gt=0).exists(), earned
