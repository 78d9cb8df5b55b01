"""Random lives of orders whose buyers go to their banks: whoever is first, the money of each unit goes one way."""

import contextlib
import random
from collections.abc import Callable

import pytest

from checkout.errors import OrderBusy, OrderRefused
from checkout.models import Order, Variant
from payments.errors import PaymentRefused
from payments.models import Attempt, Dispute, Refund
from payments.states import UNDECIDED_DISPUTE_STATES, DisputeState
from tests.campaigns import PAYMENTS
from tests.checkout.disputes import dispute, send_back
from tests.checkout.orders import (
    books,
    cancel,
    capture_all,
    open_taxed_shop,
    pay_back,
    review,
    sell,
    ship,
    take_back,
    wrong,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

FIRST = PAYMENTS.seed(1)
LIVES = PAYMENTS.effort(1, 100)
STEPS = 10
DISPUTES = {"du_1": 1500, "du_2": 2870}
NEWS = [DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.WON, DisputeState.LOST]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + LIVES))
def test_every_life_of_a_disputed_order_adds_up(seed: int) -> None:
    dice = random.Random(seed)
    shop = open_taxed_shop()
    order = sell((shop[0], 2), (shop[1], 1), at_shipping=seed % 4 == 0)
    for _ in range(STEPS):
        _step(dice, order, shop)
        _look(order)
    # In the end the banks have decided, and all is sent or canceled.
    for reference in DISPUTES:
        if Dispute.objects.filter(psp_reference=reference, state__in=UNDECIDED_DISPUTE_STATES).exists():
            _tell(dice.choice([DisputeState.WON, DisputeState.LOST]), reference)
    review(order)
    _try(lambda: ship(order))
    _try(lambda: cancel(order))
    capture_all()
    review(order)
    _look(order)
    came_back = Refund.objects.filter(state="failed").exists()
    assert books("liabilities:orders") == [0] or (came_back and Order.objects.get().state == "manual_review")


def _look(order: Order) -> None:
    review(order)
    assert wrong() == []
    attempt = Attempt.objects.get()
    if Refund.objects.filter(state="pending", sent_at=None).exists():
        assert attempt.refunded_minor + attempt.disputed_minor <= attempt.captured_minor


def _step(dice: random.Random, order: Order, shop: tuple[Variant, Variant]) -> None:
    """Do something to the order or its payment that may be refused."""
    units = (dice.choice(shop), 1)
    match dice.randrange(7):
        case 0:
            _try(lambda: ship(order, units))
            capture_all()
        case 1:
            _try(lambda: cancel(order, units))
        case 2:
            _try(lambda: take_back(order, units))
        case 3:
            pay_back()
        case 4 if Refund.objects.exclude(state__in=["failed", "canceled"]).count() == 1:
            send_back(reference="re_1")
        case _:
            _tell(dice.choice(NEWS), dice.choice(list(DISPUTES)))


def _tell(state: DisputeState, reference: str) -> None:
    _try(lambda: dispute(state, DISPUTES[reference], reference=reference))


def _try(act: Callable[[], object]) -> None:
    with contextlib.suppress(OrderRefused, OrderBusy, PaymentRefused):
        act()
