"""What is not sent any more goes back on the shelf, and its money to the buyer; what was only held is not taken."""

import pytest
from django_subatomic.db import transaction

from checkout.errors import OrderBusy, OrderRefused
from checkout.models import Cancellation, Order
from exactly_once.models import OutboxEvent
from ledger.money import Money
from payments.models import Attempt, Refund
from payments.refund import request_refund
from payments.states import DisputeState
from payments.void import send_void
from tests.checkout.disputes import dispute
from tests.checkout.orders import (
    TOTAL,
    books,
    cancel,
    capture_all,
    fail_capture,
    kinds,
    open_taxed_shop,
    pay_back,
    review,
    sell,
    sell_mugs,
    shelf,
    ship,
    statuses,
    wrong,
)
from tests.factories import NOW, DiscountFactory
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

OWED, SALES, REFUNDS = "liabilities:orders", "revenue:sales", "liabilities:refunds"


def test_a_whole_order_is_paid_back_with_its_shipping(psp: Psp) -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    # When
    body = cancel(order)
    pay_back()
    # Then
    assert (body["state"], statuses(body)) == ("canceled", ["removed", "removed"])
    assert kinds(body) == [("cancellation", "pending", TOTAL)]
    assert psp.charges() == [("succeeded", TOTAL, TOTAL)]
    assert (books(OWED, REFUNDS), shelf(mug), shelf(pot)) == ([0, 0], (10, 0), (5, 0))
    assert OutboxEvent.objects.filter(type="order.canceled").count() == 1
    assert wrong() == []


def test_a_part_is_paid_back_without_the_shipping_and_the_rest_is_shipped() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    # When
    body = cancel(order, (mug, 1))
    # Then
    assert (body["state"], statuses(body)) == ("confirmed", ["processing", "processing"])
    assert (Refund.objects.get().amount_minor, books(OWED), shelf(mug)) == (1290, [TOTAL - 1290], (10, 2))
    # And
    assert ship(order)["state"] == "shipped"
    assert books(OWED) == [0]
    assert wrong() == []


def test_the_rest_of_a_shipped_order_is_canceled() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    ship(order, (mug, 3))
    # When
    body = cancel(order)
    # Then
    assert (body["state"], statuses(body)) == ("shipped", ["fulfilled", "removed"])
    assert (Refund.objects.get().amount_minor, books(OWED), shelf(pot)) == (1290, [0], (5, 0))
    assert wrong() == []


def test_units_that_cannot_be_shared_evenly_leave_nothing_behind() -> None:
    # Given three units that come to 1001 cents after the discount
    mug, _ = open_taxed_shop()
    DiscountFactory.create(kind="amount").amounts.create(currency="EUR", off_minor=3 * 1290 - 1001)
    order = sell((mug, 3), discount_code="TEA10", shipping_address={})
    # When
    ship(order, (mug, 1))
    cancel(order, (mug, 1))
    ship(order, (mug, 1))
    # Then
    assert (order.total_minor, books(OWED), Order.objects.get().state) == (1001, [0], "shipped")
    assert wrong() == []


def test_what_was_only_held_is_let_go_of(psp: Psp) -> None:
    # Given
    _, order = sell_mugs(2, at_shipping=True)
    # When
    body = cancel(order)
    send_void(attempt_uuid=Attempt.objects.get().uuid, now=NOW)
    # Then
    assert (body["state"], kinds(body)) == ("canceled", [("cancellation", "succeeded", 2 * 1290 + 490)])
    assert (psp.charges(), Refund.objects.count(), books(OWED)) == ([("canceled", 0, 0)], 0, [0])
    assert review(order) == "canceled"
    assert wrong() == []


def test_a_part_that_was_only_held_is_not_captured(psp: Psp) -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1), at_shipping=True)
    # When
    cancel(order, (mug, 2))
    ship(order)
    capture_all()
    # Then
    assert psp.charges() == [("succeeded", TOTAL - 2 * 1290, 0)]
    assert (books(OWED), Refund.objects.count(), Cancellation.objects.get().amount_minor) == ([0], 0, 2 * 1290)
    assert wrong() == []


def test_the_rest_of_a_hold_goes_with_the_last_unit() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 1), (pot, 1), at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    # When
    with pytest.raises(OrderBusy):
        cancel(order)
    capture_all()
    body = cancel(order)
    # Then
    assert (body["state"], Attempt.objects.get().voids.get().state) == ("shipped", "pending")
    assert (Attempt.objects.get().captured_minor, books(OWED)) == (1290 + 490, [0])


def test_what_was_shipped_unpaid_is_taken_when_the_rest_is_canceled() -> None:
    # Given a shipment whose capture failed
    mug, pot = open_taxed_shop()
    order = sell((mug, 1), (pot, 1), at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    fail_capture()
    assert review(order) == "manual_review"
    # When
    body = cancel(order)
    capture_all()
    # Then
    assert (body["state"], Attempt.objects.get().state, Attempt.objects.get().captured_minor) == (
        "shipped",
        "captured",
        1290 + 490,
    )
    assert (books(OWED), wrong()) == ([0], [])


def test_no_more_is_paid_back_than_the_buyers_bank_has_left() -> None:
    # Given
    _, order = sell_mugs(1)
    dispute(DisputeState.LOST, 1000)
    assert review(order) == "manual_review"
    # When
    body = cancel(order)
    # Then
    assert (body["state"], Refund.objects.get().amount_minor) == ("canceled", 1290 + 490 - 1000)


def test_what_is_shipped_is_not_canceled() -> None:
    # Given
    mug, order = sell_mugs(1)
    ship(order)
    # When
    with pytest.raises(OrderRefused) as refused:
        cancel(order)
    # Then
    assert (refused.value.code, Cancellation.objects.count(), shelf(mug)) == ("order_shipped", 0, (9, 0))


def test_a_promise_of_goodwill_is_not_earned_once_more() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 3), (pot, 1))
    with transaction():
        request_refund(order_reference=order.session.public_id, money=Money(500, "EUR"), reason="goodwill", now=NOW)
    # When
    body = ship(order)
    # Then
    assert (books(OWED), body["shipments"][0]["amount_minor"]) == ([0], TOTAL - 500)
    assert kinds(body) == [("refund", "pending", 500)]
    assert wrong() == []
