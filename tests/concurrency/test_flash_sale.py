"""A flash sale: far more buyers than units, all at once; exactly what there is is sold, and nobody meets a deadlock."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from django.db.models import Sum
from django_subatomic.db import transaction

from checkout.errors import OutOfStock
from checkout.models import CheckoutSession, Reservation, SessionLine, StockMovement, Variant
from checkout.states import ReservationState
from checkout.stock import commit_stock, hold_stock, release_stock
from checkout.verify import checks
from tests.checkout.bulk_sessions import open_sessions
from tests.checkout.shelves import levels, put
from tests.concurrency.crowd import everyone
from tests.factories import NOW, VariantFactory

pytestmark = pytest.mark.django_db(transaction=True)

CONNECTIONS = 32


def buy(session: CheckoutSession, lines: list[SessionLine], *, pays: bool = True) -> str:
    """Hold the cart, and give it to the order, or let it go: each in a transaction of its own, as a checkout does."""
    try:
        with transaction():
            hold_stock(session=session, lines=lines, now=NOW)
    except OutOfStock:
        return "out of stock"
    with transaction():
        if not pays:
            release_stock(session=session, state=ReservationState.RELEASED, now=NOW)
            return "declined"
        commit_stock(session=session, lines=lines, now=NOW)
    return "sold"


def rush(sessions: Sequence[CheckoutSession], declined: frozenset[int] = frozenset()) -> Counter[str]:
    """Have all of them bought over so many connections that begin together; count how they ended."""

    lines: dict[int, list[SessionLine]] = {}
    for line in SessionLine.objects.order_by("pk"):
        lines.setdefault(line.session_id, []).append(line)

    def serve(number: int) -> list[str]:
        return [
            buy(sessions[place], lines[sessions[place].pk], pays=place not in declined)
            for place in range(number, len(sessions), CONNECTIONS)
        ]

    return Counter(outcome for outcomes in everyone(CONNECTIONS, serve) for outcome in outcomes)


def adds_up() -> bool:
    """Whether stock, its movements and the reservations agree."""
    return all(check.passed for check in checks(now=NOW) if "stock" in check.name)


def sold(variant: Variant) -> int:
    committed = Reservation.objects.filter(stock_item__variant=variant, state="committed")
    return int(committed.aggregate(units=Sum("quantity"))["units"] or 0)


def test_two_thousand_buyers_of_a_hundred_units_buy_exactly_a_hundred() -> None:
    # Given
    kettle = VariantFactory.create(on_hand=100)
    sessions = open_sessions([[(kettle, 1)]] * 2_000)
    # When
    outcomes = rush(sessions)
    # Then
    assert outcomes == {"sold": 100, "out of stock": 1_900}
    assert (sold(kettle), levels(kettle)) == (100, {"main": (100, 100)})
    assert StockMovement.objects.filter(kind="held").count() == 100
    assert adds_up()


def test_carts_of_several_kinds_in_any_order_at_two_locations_do_not_deadlock() -> None:
    # Given few units of three kinds at two locations, and carts of two or three kinds, each in an order of its own
    draw = random.Random(7)
    kinds = [VariantFactory.create(on_hand=40) for _ in range(3)]
    for variant in kinds:
        put(variant, "store", 30, priority=1)
    carts = [[(variant, draw.randint(1, 3)) for variant in draw.sample(kinds, draw.randint(2, 3))] for _ in range(320)]
    sessions = open_sessions(carts)
    declined = frozenset(number for number in range(320) if draw.random() < 0.5)
    # When
    outcomes = rush(sessions, declined)
    # Then
    assert outcomes.total() == 320
    assert min(outcomes[ending] for ending in ("sold", "declined", "out of stock")) > 0
    for variant in kinds:
        assert sum(reserved for _, reserved in levels(variant).values()) == sold(variant) <= 70
    assert not Reservation.objects.filter(state="held").exists()
    assert adds_up()


def test_a_split_cart_and_single_ones_share_out_every_unit() -> None:
    # Given five units here and five there, and as many buyers of one, and of ten
    tea = VariantFactory.create(on_hand=5)
    put(tea, "store", 5, priority=1)
    sessions = open_sessions([[(tea, 10 if number % 8 == 0 else 1)] for number in range(64)])
    # When
    outcomes = rush(sessions)
    # Then either one buyer has them all or ten have one each
    assert outcomes["sold"] in (1, 10)
    assert (sold(tea), levels(tea)) == (10, {"main": (5, 5), "store": (5, 5)})
    assert adds_up()
