"""Goods come back: on the shelf or not, paid back or not, and never more than were shipped."""

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from checkout.errors import OrderRefused
from checkout.models import OrderLine, Return, ReturnLine, StockMovement
from checkout.states import Disposition
from exactly_once.models import OutboxEvent
from payments.models import Attempt, Refund
from tests.checkout.orders import (
    TOTAL,
    books,
    capture_all,
    kinds,
    open_taxed_shop,
    pay_back,
    refund_by_hand,
    sell,
    sell_mugs,
    shelf,
    ship,
    take_back,
    wrong,
)
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

OWED, LESS, TAX = "liabilities:orders", "revenue:refunds", "liabilities:tax:de"


def test_what_is_restocked_is_for_sale_again_and_paid_back(psp: Psp) -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    ship(order)
    # When
    body = take_back(order, (mug, 2))
    pay_back()
    # Then
    assert (shelf(mug), psp.charges()) == ((9, 0), [("succeeded", TOTAL, 2 * 1290)])
    assert (body["state"], body["line_items"][0]["returned_quantity"]) == ("shipped", 2)
    assert kinds(body) == [("return", "pending", 2 * 1290)]
    assert books(OWED, LESS, TAX) == [0, 2168, 902 - 412]
    assert OutboxEvent.objects.filter(type="order.returned").count() == 1
    assert wrong() == []


def test_what_is_written_off_is_not_for_sale() -> None:
    # Given
    mug, order = sell_mugs(3)
    ship(order)
    # When
    take_back(order, (mug, 1), disposition=Disposition.WRITE_OFF)
    # Then
    moved = StockMovement.objects.filter(reference=Return.objects.get().public_id).order_by("pk")
    assert list(moved.values_list("kind", "on_hand_delta")) == [("returned", 1), ("written_off", -1)]
    assert (shelf(mug), wrong()) == ((7, 0), [])


def test_goods_may_come_back_without_a_refund() -> None:
    # Given
    mug, order = sell_mugs(1)
    ship(order)
    # When
    body = take_back(order, (mug, 1), refund=False)
    # Then
    assert (kinds(body), Refund.objects.count(), shelf(mug)) == ([("return", "succeeded", 0)], 0, (10, 0))


def test_the_shipping_is_paid_back_once_if_that_is_wanted() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order)
    # When
    first = take_back(order, (mug, 1), shipping=True)
    take_back(order, (mug, 1), shipping=True)
    # Then
    assert kinds(first) == [("return", "pending", 1290 + 490)]
    assert Attempt.objects.get().refunded_minor == 2 * 1290 + 490
    assert (books(OWED, TAX), wrong()) == ([0, 0], [])


def test_no_more_comes_back_than_was_shipped() -> None:
    # Given
    mug, order = sell_mugs(3)
    ship(order, (mug, 2))
    take_back(order, (mug, 1))
    # When
    with pytest.raises(OrderRefused) as refused:
        take_back(order, (mug, 2))
    # Then
    assert (refused.value.code, refused.value.extra) == (
        "exceeds_shipped_quantity",
        {"sku": mug.sku, "returnable_quantity": 1},
    )
    assert Return.objects.count() == 1
    # And the database says the same
    line = ReturnLine.objects.get()
    with pytest.raises(IntegrityError, match="orderline_returned_within"), transaction():
        ReturnLine.objects.create(
            returned_in=line.returned_in,
            order_line=OrderLine.objects.get(),
            quantity=2,
            disposition="restock",
            location=line.location,
        )


def test_a_part_that_was_captured_is_paid_back_while_the_rest_is_held() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 1), (pot, 1), at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    capture_all()
    # When
    body = take_back(order, (mug, 1))
    ship(order)
    capture_all()
    # Then
    assert kinds(body) == [("return", "pending", 1290)]
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.captured_minor, attempt.refunded_minor) == ("captured", 2 * 1290 + 490, 1290)
    assert (books(OWED), wrong()) == ([0], [])


def test_a_refund_that_the_payments_api_asks_for_comes_off_what_shipping_has_earned() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    ship(order)
    # When
    refund_by_hand(order, 700)
    # Then
    assert books(OWED, LESS, TAX) == [0, 588, 490 - 112]
    assert wrong() == []
