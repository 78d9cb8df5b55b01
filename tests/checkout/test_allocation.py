"""From which locations a cart is taken."""

import pytest
from django_subatomic.db import transaction

from checkout.create_session import NewSession, create_session
from checkout.errors import OutOfStock
from checkout.models import CheckoutSession, Reservation, StockLocation, StockMovement, Variant
from checkout.price_lines import LineItem
from checkout.states import ReservationState
from checkout.stock import hold_stock, release_stock
from tests.checkout.shelves import levels, put
from tests.factories import NOW, VariantFactory

pytestmark = pytest.mark.django_db(transaction=True)


def shelved(**units: int) -> Variant:
    """Return a new variant with units at these locations, the first of which is sold from first."""
    variant = VariantFactory.create(on_hand=0)
    for priority, (code, quantity) in enumerate(units.items(), start=1):
        put(variant, code, quantity, priority=priority)
    return variant


def opened(*wanted: tuple[Variant, int]) -> CheckoutSession:
    """Return a session of a cart."""
    items = [LineItem(variant.sku, quantity) for variant, quantity in wanted]
    with transaction():
        body = create_session(client="cli_test", new=NewSession(currency="EUR", items=items), now=NOW)
    return CheckoutSession.objects.get(public_id=body["id"])


def hold(session: CheckoutSession) -> None:
    """Hold all of its lines."""
    with transaction():
        hold_stock(session=session, lines=list(session.lines.order_by("pk")), now=NOW)


def held(session: CheckoutSession) -> dict[str, dict[str, int]]:
    """Return what is held of each SKU at each location."""
    found: dict[str, dict[str, int]] = {}
    for row in session.reservations.filter(state="held").select_related("stock_item__location", "stock_item__variant"):
        found.setdefault(row.stock_item.variant.sku, {})[row.stock_item.location.code] = row.quantity
    return found


def test_the_first_location_that_has_it_all_is_asked_first() -> None:
    tea = shelved(north=5, south=9)
    session = opened((tea, 5))

    hold(session)

    assert held(session) == {tea.sku: {"north": 5}}
    assert levels(tea) == {"north": (5, 5), "south": (9, 0)}


def test_a_line_comes_from_one_location_rather_than_from_the_first() -> None:
    tea = shelved(north=5, south=9)
    session = opened((tea, 6))

    hold(session)

    assert held(session) == {tea.sku: {"south": 6}}


def test_a_cart_comes_from_one_location_rather_than_each_line_from_the_first() -> None:
    tea, mug = shelved(north=5, south=9), shelved(north=1, south=3)
    session = opened((tea, 2), (mug, 2))

    hold(session)

    assert held(session) == {tea.sku: {"south": 2}, mug.sku: {"south": 2}}


def test_where_no_location_serves_the_cart_each_line_has_its_own() -> None:
    tea, mug = shelved(north=5, south=1), shelved(north=1, south=3)
    session = opened((tea, 4), (mug, 2))

    hold(session)

    assert held(session) == {tea.sku: {"north": 4}, mug.sku: {"south": 2}}


def test_what_no_location_has_alone_is_split_by_priority() -> None:
    tea = shelved(north=3, south=4, west=5)
    session = opened((tea, 8))

    hold(session)

    assert held(session) == {tea.sku: {"north": 3, "south": 4, "west": 1}}
    assert levels(tea) == {"north": (3, 3), "south": (4, 4), "west": (5, 1)}


def test_units_of_a_closed_location_are_not_for_sale() -> None:
    tea = shelved(north=3, south=4)
    StockLocation.objects.filter(code="north").update(active=False)
    session = opened((tea, 5))

    with pytest.raises(OutOfStock) as refusal:
        hold(session)

    assert refusal.value.extra == {"skus": [tea.sku]}
    assert levels(tea) == {"north": (3, 0), "south": (4, 0)}


def test_all_skus_that_are_short_are_named_and_nothing_is_held() -> None:
    tea, mug, cup = shelved(north=3, south=4), shelved(north=1), VariantFactory.create(on_hand=0)
    session = opened((tea, 7), (mug, 2), (cup, 1))
    moved = StockMovement.objects.count()

    with pytest.raises(OutOfStock) as refusal:
        hold(session)

    assert refusal.value.extra == {"skus": [mug.sku, cup.sku]}
    assert (Reservation.objects.count(), StockMovement.objects.count()) == (0, moved)


def test_a_split_hold_goes_back_to_where_it_came_from() -> None:
    tea = shelved(north=3, south=4)
    session = opened((tea, 7))
    hold(session)

    with transaction():
        release_stock(session=session, state=ReservationState.EXPIRED, now=NOW)

    assert levels(tea) == {"north": (3, 0), "south": (4, 0)}
    assert set(session.reservations.values_list("state", flat=True)) == {"expired"}
    last = StockMovement.objects.order_by("-pk")[:2]
    assert [(row.kind, row.reserved_delta, row.reference) for row in last] == [
        ("expired", -4, session.public_id),
        ("expired", -3, session.public_id),
    ]
