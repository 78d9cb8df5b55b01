"""Goods leave: stock goes down, revenue is earned for what left, and a payment that was held is captured for it."""

import pytest
from django.db import IntegrityError, connection
from django_subatomic.db import transaction

from checkout.errors import OrderBusy, OrderRefused
from checkout.models import Order, OrderLine, Shipment, ShipmentLine
from exactly_once.errors import InvalidInput
from exactly_once.models import OutboxEvent
from payments.models import Attempt, Capture
from tests.checkout.buyers import open_shop
from tests.checkout.orders import (
    TOTAL,
    books,
    capture_all,
    open_taxed_shop,
    sell,
    sell_mugs,
    shelf,
    ship,
    statuses,
    wrong,
)
from tests.factories import DiscountFactory
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

OWED, SALES, SHIPPING, TAX = "liabilities:orders", "revenue:sales", "revenue:shipping", "liabilities:tax:de"


def test_what_is_shipped_is_earned_and_nothing_stays_owed() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    assert books(OWED, SALES, SHIPPING, TAX) == [TOTAL, 0, 0, 0]
    # When
    body = ship(order, carrier="DHL", tracking_number="42")
    # Then the tax within the prices is the tax office's
    assert books(OWED, SALES, SHIPPING, TAX) == [0, 4336, 412, 902]
    assert (body["state"], statuses(body)) == ("shipped", ["fulfilled", "fulfilled"])
    assert (shelf(mug), shelf(pot)) == ((7, 0), (4, 0))
    assert [(each["carrier"], each["tracking_number"], each["amount_minor"]) for each in body["shipments"]] == [
        ("DHL", "42", TOTAL)
    ]
    assert list(OutboxEvent.objects.filter(type="order.shipped").values_list("payload__state", flat=True)) == [
        "shipped"
    ]
    assert wrong() == []


def test_each_part_earns_its_units_and_the_first_one_the_shipping() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    # When
    first = ship(order, (mug, 1))
    after_one = books(OWED, SALES, SHIPPING, TAX)
    second = ship(order, (mug, 2))
    ship(order)
    # Then
    assert after_one == [TOTAL - 1290 - 490, 1084, 412, 284]
    assert (first["state"], statuses(first)) == ("processing", ["partial", "processing"])
    assert (second["state"], statuses(second)) == ("processing", ["fulfilled", "processing"])
    assert books(OWED, SALES, SHIPPING, TAX) == [0, 4336, 412, 902]
    assert sum(Shipment.objects.values_list("amount_minor", flat=True)) == TOTAL
    assert Order.objects.get().state == "shipped"
    assert wrong() == []


def test_an_order_that_costs_nothing_is_shipped_without_a_posting() -> None:
    # Given
    mug = open_shop()
    DiscountFactory.create(percent=100)
    order = sell((mug, 1), discount_code="TEA10", shipping_address={})
    # When
    body = ship(order)
    # Then
    assert (body["state"], books(SALES), Attempt.objects.count()) == ("shipped", [0], 0)
    assert wrong() == []


def test_more_than_is_open_is_not_shipped() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    ship(order, (mug, 2))
    # When
    with pytest.raises(OrderRefused) as refused:
        ship(order, (mug, 2))
    # Then
    assert (refused.value.code, refused.value.extra) == (
        "exceeds_open_quantity",
        {"sku": mug.sku, "open_quantity": 1},
    )
    assert (shelf(mug), Shipment.objects.count()) == ((8, 1), 1)


def test_what_is_not_of_the_order_is_named() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 1))
    # When
    with pytest.raises(InvalidInput) as refused:
        ship(order, (pot, 1))
    # Then
    assert [(each.pointer, each.code) for each in refused.value.fields] == [("/lines/0/sku", "unknown_sku")]


def test_a_shipped_order_is_not_shipped_again() -> None:
    # Given
    mug, order = sell_mugs(1)
    ship(order)
    # When
    with pytest.raises(OrderRefused) as refused:
        ship(order)
    # Then
    assert (refused.value.code, books(OWED), shelf(mug)) == ("order_shipped", [0], (9, 0))


def test_nothing_is_shipped_while_the_buyers_bank_takes_the_money_back() -> None:
    # Given
    mug, order = sell_mugs(1)
    Attempt.objects.update(disputed_minor=100)
    # When
    with pytest.raises(OrderRefused) as refused:
        ship(order)
    # Then
    assert (refused.value.code, shelf(mug)) == ("payment_disputed", (10, 1))


def test_the_database_counts_units_and_refuses_more_than_there_are() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    line = OrderLine.objects.get()
    shipment = Shipment.objects.get()
    location = ShipmentLine.objects.get().location
    # When
    with pytest.raises(IntegrityError, match="orderline_handled_within"), transaction():
        ShipmentLine.objects.create(shipment=shipment, order_line=line, quantity=2, location=location)
    with pytest.raises(IntegrityError, match="counts other units"), transaction():
        OrderLine.objects.update(shipped=2)
    # Then
    assert OrderLine.objects.get().shipped == 1


def test_a_line_of_another_order_is_not_shipped_with_it() -> None:
    # Given
    mug, _ = open_taxed_shop()
    one, other = sell((mug, 2)), sell((mug, 2))
    ship(one, (mug, 1))
    # When
    with pytest.raises(IntegrityError, match="of another order"), transaction():
        ShipmentLine.objects.create(
            shipment=Shipment.objects.get(),
            order_line=OrderLine.objects.get(order=other),
            quantity=1,
            location=ShipmentLine.objects.get().location,
        )
    # Then
    assert OrderLine.objects.get(order=other).shipped == 0


def test_an_authorised_payment_makes_an_order_and_is_captured_when_it_is_shipped(psp: Psp) -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1), at_shipping=True)
    assert (order.state, psp.charges()) == ("confirmed", [("requires_capture", 0, 0)])
    assert books(OWED) == [0]
    # When a part is shipped, by a PSP that captures once
    body = ship(order, (mug, 1))
    capture_all()
    # Then it takes all of it
    assert [each["capture"] for each in body["shipments"]] == [Capture.objects.get().public_id]
    assert psp.charges() == [("succeeded", TOTAL, 0)]
    assert books(OWED, SALES) == [TOTAL - 1290 - 490, 1084]
    # And the rest asks for nothing more
    assert ship(order)["state"] == "shipped"
    assert (Capture.objects.count(), books(OWED)) == (1, [0])
    assert wrong() == []


def test_each_shipment_captures_its_part_where_the_psp_allows() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1), at_shipping=True, psp="adyen")
    # When
    ship(order, (mug, 1))
    with pytest.raises(OrderBusy) as busy:
        ship(order, (mug, 1))
    capture_all()
    ship(order)
    capture_all()
    # Then
    assert busy.value.code == "order_busy"
    captures = Capture.objects.order_by("number").values_list("amount_minor", "final", "state")
    assert list(captures) == [(1780, False, "succeeded"), (TOTAL - 1780, True, "succeeded")]
    assert (Attempt.objects.get().state, books(OWED, SALES)) == ("captured", [0, 4336])
    assert wrong() == []


def test_an_order_that_nothing_pays_for_is_not_written() -> None:
    # Given what was held to be captured at once, and never was
    mug, _ = open_taxed_shop()
    sell((mug, 1), at_shipping=True)
    columns = ", ".join(str(each.column) for each in Order._meta.local_fields)
    moved = f"WITH gone AS (DELETE FROM checkout_order RETURNING *) INSERT INTO checkout_order ({columns})"
    Attempt.objects.update(captures_at_once=True)
    # When
    with pytest.raises(IntegrityError, match="neither paid nor authorised"), transaction():
        execute("DELETE FROM checkout_orderline", f"{moved} SELECT {columns} FROM gone")
    # Then
    assert (Order.objects.count(), OrderLine.objects.count()) == (1, 1)


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
