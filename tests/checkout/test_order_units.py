"""Units of an order: shipped, put back, returned, written off; in parts, and never more than there are."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from django_subatomic.db import transaction

from checkout import stock
from checkout.errors import StockRefused
from checkout.models import Order, StockItem, StockMovement, Variant
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay
from tests.checkout.shelves import levels, put
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

SAID: dict[str, Any] = {"reference": "shp_1", "now": NOW}


@pytest.fixture
def tea() -> Variant:
    """Three units at main and four at the store."""
    variant = open_shop(on_hand=3)
    put(variant, "store", 4, priority=1)
    return variant


@pytest.fixture
def order(tea: Variant, psp: Psp) -> Order:
    """All but one of them, sold."""
    assert psp.requests() == 0
    pay(open_session(tea, 6))
    return Order.objects.get()


def at(tea: Variant, code: str) -> dict[str, Any]:
    return {"variant_id": tea.pk, "location_id": tea.stock.get(location__code=code).location_id}


def units(tea: Variant, **quantities: int) -> list[stock.Units]:
    return [(tea.pk, at(tea, code)["location_id"], quantity) for code, quantity in quantities.items()]


def told(order: Order) -> list[tuple[str, int, str]]:
    return [(row.location, row.quantity, str(row.state)) for row in stock.units_of_order(order=order)]


def test_an_order_says_where_its_units_are(order: Order) -> None:
    assert told(order) == [("main", 3, "committed"), ("store", 3, "committed")]


def test_what_is_shipped_leaves_the_shelf_in_parts(order: Order, tea: Variant) -> None:
    # When one of three is shipped from one location, and all from the other
    with transaction():
        stock.consume_stock(order=order, units=units(tea, store=1, main=3), **SAID)
    # Then
    assert told(order) == [("main", 3, "consumed"), ("store", 2, "committed"), ("store", 1, "consumed")]
    assert levels(tea) == {"main": (0, 0), "store": (3, 2)}
    moved = StockMovement.objects.filter(reference="shp_1").order_by("pk")
    assert list(moved.values_list("kind", "on_hand_delta", "reserved_delta")) == [
        ("consumed", -3, -3),
        ("consumed", -1, -1),
    ]
    # And the rest later
    with transaction():
        stock.consume_stock(order=order, units=units(tea, store=2), **SAID)
    assert levels(tea) == {"main": (0, 0), "store": (1, 0)}
    assert nothing_is_wrong() == []


def test_what_is_canceled_goes_back_to_its_shelf(order: Order, tea: Variant) -> None:
    with transaction():
        stock.release_order_stock(order=order, units=units(tea, main=1, store=3), **SAID)

    assert told(order) == [("main", 2, "committed")]
    assert levels(tea) == {"main": (3, 2), "store": (4, 0)}
    assert nothing_is_wrong() == []


@pytest.mark.parametrize("verb", [stock.consume_stock, stock.release_order_stock])
@pytest.mark.parametrize("asked", [{"main": 1, "store": 4}, {"main": 4}], ids=["one of two", "one"])
def test_no_more_leaves_than_is_committed_there(
    order: Order, tea: Variant, verb: object, asked: dict[str, int]
) -> None:
    with pytest.raises(StockRefused, match="units_not_committed"), transaction():
        verb(order=order, units=units(tea, **asked), **SAID)  # type: ignore[operator]  # one of the two

    assert told(order) == [("main", 3, "committed"), ("store", 3, "committed")]
    assert levels(tea) == {"main": (3, 3), "store": (4, 3)}


def test_the_same_units_asked_for_twice_are_counted_twice(order: Order, tea: Variant) -> None:
    with pytest.raises(StockRefused), transaction():
        stock.consume_stock(order=order, units=units(tea, main=2) * 2, **SAID)


def test_goods_that_come_back_are_for_sale_where_they_came(order: Order, tea: Variant) -> None:
    # Given
    with transaction():
        stock.consume_stock(order=order, units=units(tea, main=3), **SAID)
    # When two come back to the store, one of them broken
    with transaction():
        stock.return_stock(**at(tea, "store"), quantity=2, **SAID)
        stock.write_off_stock(**at(tea, "store"), quantity=1, **SAID)
    # Then
    assert levels(tea) == {"main": (0, 0), "store": (5, 3)}
    assert nothing_is_wrong() == []


def test_what_is_spoken_for_is_not_written_off(order: Order, tea: Variant) -> None:
    with pytest.raises(StockRefused, match="units_not_free: 1 are free there, not 2"), transaction():
        stock.write_off_stock(**at(tea, "store"), quantity=2, **SAID)

    assert levels(tea) == {"main": (3, 3), "store": (4, 3)}


def test_the_database_lets_nobody_write_off_what_is_spoken_for(order: Order, tea: Variant) -> None:
    item = StockItem.objects.get(location__code="main")
    row = {"kind": "written_off", "on_hand_delta": -1, "reference": "x", "created_at": NOW}

    with pytest.raises(IntegrityError, match="stock_item_never_oversold"), atomic():
        StockMovement.objects.create(stock_item=item, **row)

    assert levels(tea)["main"] == (3, 3)


@pytest.mark.parametrize(
    ("kind", "on_hand", "reserved", "reason"),
    [
        ("held", 0, -1, ""),
        ("held", 1, 1, ""),
        ("released", 0, 1, ""),
        ("expired", -1, -1, ""),
        ("consumed", -1, 0, ""),
        ("consumed", -1, -2, ""),
        ("received", 0, 0, ""),
        ("received", 1, 1, ""),
        ("returned", -1, 0, ""),
        ("written_off", 1, 0, ""),
        ("adjusted", 1, 0, ""),
        ("adjusted", 0, 0, "Counted."),
        ("adjusted", 1, 1, "Counted."),
        ("lost", -1, 0, ""),
    ],
)
def test_a_movement_does_what_its_kind_says(tea: Variant, kind: str, on_hand: int, reserved: int, reason: str) -> None:
    row = {"kind": kind, "on_hand_delta": on_hand, "reserved_delta": reserved, "reason": reason, "created_at": NOW}

    with pytest.raises(IntegrityError, match="stock_movement_of_its_kind"), atomic():
        StockMovement.objects.create(stock_item=StockItem.objects.earliest("pk"), reference="x", **row)
