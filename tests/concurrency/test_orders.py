"""Several people at one order: its units leave once, whoever is first."""

from collections import Counter
from collections.abc import Sequence

import pytest

from checkout.errors import OrderRefused
from checkout.models import Order, OrderLine
from payments.models import Refund
from tests.checkout.orders import books, cancel, open_taxed_shop, sell, sell_mugs, shelf, ship, take_back, wrong
from tests.concurrency.crowd import crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def ends(results: Sequence[object]) -> Counter[str]:
    return Counter(result.code if isinstance(result, OrderRefused) else type(result).__name__ for result in results)


def test_an_order_that_eight_ship_at_once_leaves_once() -> None:
    # Given
    mug, order = sell_mugs(3)
    # When
    results = crowd(8, lambda _: ship(order))
    # Then
    assert ends(results) == {"dict": 1, "order_shipped": 7}
    assert (shelf(mug), books("liabilities:orders"), wrong()) == ((7, 0), [0], [])


def test_of_those_who_ship_and_cancel_the_last_units_some_are_too_late() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 4), (pot, 1))
    # When
    results = crowd(8, lambda number: (ship if number % 2 else cancel)(order, (mug, 1)))
    # Then
    assert ends(results) == {"dict": 4, "exceeds_open_quantity": 4}
    line = OrderLine.objects.get(sku=mug.sku)
    assert (line.shipped + line.canceled, Refund.objects.count()) == (4, line.canceled)
    assert (shelf(mug), wrong()) == ((10 - line.shipped, 0), [])
    # And
    ship(order)
    assert (Order.objects.get().state, books("liabilities:orders"), wrong()) == ("shipped", [0], [])


def test_what_four_take_back_at_once_is_paid_back_once() -> None:
    # Given
    mug, order = sell_mugs(1)
    ship(order)
    # When
    results = crowd(4, lambda _: take_back(order, (mug, 1)))
    # Then
    assert ends(results) == {"dict": 1, "exceeds_shipped_quantity": 3}
    assert (shelf(mug), Refund.objects.get().amount_minor, wrong()) == ((10, 0), 1290, [])
