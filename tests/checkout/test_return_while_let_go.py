"""What was captured is paid back whether or not the PSP has let go of the rest by now: it may never say so."""

import pytest

from payments.models import Refund, Void
from tests.checkout.orders import books, cancel, capture_all, sell_mugs, ship, take_back, wrong

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def test_a_return_is_paid_back_while_the_rest_of_the_hold_is_let_go_of() -> None:
    # Given one mug shipped and captured, and the other canceled: a void that nobody has answered
    mug, order = sell_mugs(2, at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    capture_all()
    cancel(order)
    assert Void.objects.get().state == "pending"
    # When
    take_back(order, (mug, 1))
    # Then
    assert Refund.objects.get().amount_minor == 1290
    # And it comes off what was earned: of what was captured nothing is left in goods
    assert (books("liabilities:orders"), wrong()) == ([0], [])
