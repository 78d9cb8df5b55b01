"""Many buyers, few units."""

import pytest
from django_subatomic.db import transaction

from checkout.create_session import NewSession, create_session
from checkout.errors import OutOfStock
from checkout.models import CheckoutSession, Reservation, StockItem
from checkout.price_lines import LineItem
from checkout.states import ReservationState
from checkout.stock import hold_stock, release_stock
from tests.concurrency.crowd import crowd
from tests.factories import NOW, VariantFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _session(*items: LineItem) -> str:
    new = NewSession(currency="EUR", items=items, buyer_email="ada@example.com")
    with transaction():
        return str(create_session(client="cli_test", new=new, now=NOW)["id"])


def _hold(session_id: str) -> None:
    with transaction():
        session = CheckoutSession.objects.get(public_id=session_id)
        hold_stock(session=session, lines=list(session.lines.order_by("pk")), now=NOW)


def test_fifty_buyers_of_ten_units_hold_exactly_ten() -> None:
    # Given
    variant = VariantFactory.create(on_hand=10)
    sessions = [_session(LineItem(variant.sku, 1)) for _ in range(50)]
    # When
    results = crowd(50, lambda number: _hold(sessions[number]))
    # Then
    refused = [result for result in results if isinstance(result, OutOfStock)]
    assert len(refused) == 40
    assert [result for result in results if result is not None and not isinstance(result, OutOfStock)] == []
    item = StockItem.objects.get(variant=variant)
    assert (item.on_hand, item.reserved) == (10, 10)
    assert Reservation.objects.filter(state=ReservationState.HELD).count() == 10


def test_carts_with_the_same_lines_in_opposite_order_do_not_deadlock() -> None:
    # Given
    one, two = VariantFactory.create(on_hand=100), VariantFactory.create(on_hand=100)
    there = (LineItem(one.sku, 1), LineItem(two.sku, 1))
    sessions = [_session(*(there if number % 2 else reversed(there))) for number in range(32)]
    # When
    results = crowd(32, lambda number: _hold(sessions[number]))
    # Then
    assert results == [None] * 32
    assert list(StockItem.objects.order_by("pk").values_list("reserved", flat=True)) == [32, 32]


def test_a_cart_takes_all_its_lines_or_none() -> None:
    # Given
    plenty, few = VariantFactory.create(on_hand=100), VariantFactory.create(on_hand=1)
    session_id = _session(LineItem(plenty.sku, 2), LineItem(few.sku, 2))
    # When
    with pytest.raises(OutOfStock) as refusal:
        _hold(session_id)
    # Then
    assert refusal.value.extra == {"skus": [few.sku]}
    assert list(StockItem.objects.order_by("pk").values_list("reserved", flat=True)) == [0, 0]
    assert not Reservation.objects.exists()


def test_released_units_can_be_held_again() -> None:
    # Given
    variant = VariantFactory.create(on_hand=1)
    first, second = _session(LineItem(variant.sku, 1)), _session(LineItem(variant.sku, 1))
    _hold(first)
    # When
    with transaction():
        session = CheckoutSession.objects.get(public_id=first)
        release_stock(session=session, state=ReservationState.RELEASED, now=NOW)
    _hold(second)
    # Then
    assert StockItem.objects.get(variant=variant).reserved == 1
