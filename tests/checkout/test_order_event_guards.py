"""The database takes no event of an order that does not add up, or that is more than is left, whoever writes."""

from typing import Any

import pytest
from django.db import IntegrityError

from checkout.models import Cancellation, Order, Return, Shipment
from tests.checkout.orders import cancel, open_taxed_shop, sell, sell_mugs, ship
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

EVENTS: list[type[Shipment | Cancellation | Return]] = [Shipment, Cancellation, Return]
WHOLE = 2 * 1290 + 490


def part(minor: int) -> dict[str, Any]:
    return {"kind": "line", "reference": "MUG", "jurisdiction": "", "amount_minor": minor}


def refused(event: type[Shipment | Cancellation | Return], order: Order, minor: int, parts: list[int]) -> str:
    """Return which constraint refuses an event of so much, made up of these parts."""
    with pytest.raises(IntegrityError) as refusal:
        event._default_manager.create(
            public_id="ev_1", order=order, amount_minor=minor, parts=[part(each) for each in parts], created_at=NOW
        )
    return str(refusal.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]  # psycopg's


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(("minor", "parts"), [(2, [1]), (1, []), (0, [1]), (1, [2, -1]), (1, [1, 0])])
def test_an_event_is_the_sum_of_its_parts(event: type[Shipment], minor: int, parts: list[int]) -> None:
    mug, _ = open_taxed_shop()

    assert refused(event, sell((mug, 2)), minor, parts) == "order_event_of_its_parts"


@pytest.mark.parametrize("event", [Shipment, Cancellation])
def test_what_is_shipped_and_canceled_is_no_more_than_the_order(event: type[Shipment]) -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    assert refused(event, order, 1291, [1291]) == "order_event_within_order"
    # When
    cancel(order)
    # Then
    assert refused(event, order, 1, [1]) == "order_event_within_order"
    assert sum(row.amount_minor for kind in (Shipment, Cancellation) for row in kind.objects.all()) == WHOLE
