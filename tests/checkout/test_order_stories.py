"""Random lives of orders: whatever is done to them, by whichever policy, every record of it agrees."""

import random

import pytest

from checkout.errors import OrderBusy, OrderRefused
from checkout.models import Order, OrderLine, ReturnLine, Variant
from checkout.states import Disposition
from tests.campaigns import PAYMENTS
from tests.checkout.orders import (
    books,
    cancel,
    capture_all,
    open_taxed_shop,
    pay_back,
    sell,
    shelf,
    ship,
    take_back,
    wrong,
)
from tests.factories import DiscountFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

FIRST = PAYMENTS.seed(1)
LIVES = PAYMENTS.effort(1, 30)
POLICIES = [(False, "stripe"), (True, "stripe"), (True, "adyen")]
STEPS = 12


@pytest.mark.parametrize("seed", range(FIRST, FIRST + LIVES))
@pytest.mark.parametrize(("at_shipping", "psp_name"), POLICIES)
def test_every_life_of_an_order_adds_up(seed: int, at_shipping: bool, psp_name: str) -> None:
    dice = random.Random(seed)
    DiscountFactory.create()
    shop = open_taxed_shop()
    order = sell((shop[0], 4), (shop[1], 3), at_shipping=at_shipping, psp=psp_name, discount_code="TEA10")
    for _ in range(STEPS):
        _step(dice, order, shop)
        assert wrong() == []
    capture_all()
    if Order.objects.get().state in {"confirmed", "processing"}:
        ship(order)
        capture_all()
    pay_back()
    # In the end nothing is owed in goods, and the shelf has what was not sold or came back.
    assert books("liabilities:orders") == [0]
    for variant, had in zip(shop, (10, 5), strict=True):
        line = OrderLine.objects.get(variant=variant)
        back = sum(ReturnLine.objects.filter(order_line=line, disposition="restock").values_list("quantity", flat=True))
        assert shelf(variant) == (had - line.shipped + back, 0)


def _step(dice: random.Random, order: Order, shop: tuple[Variant, Variant]) -> None:
    """Do something to the order that may be refused."""
    units = (dice.choice(shop), dice.randint(1, 2))
    try:
        match dice.randrange(5):
            case 0 | 1:
                ship(order, units)
            case 2:
                cancel(order, units)
            case 3:
                take_back(order, units, refund=dice.random() < 0.8, shipping=dice.random() < 0.3)
            case _:
                take_back(order, units, disposition=Disposition.WRITE_OFF, refund=False)
                return
    except (OrderRefused, OrderBusy):
        pass
    if dice.random() < 0.7:
        capture_all()
