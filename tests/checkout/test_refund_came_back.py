"""A refund of what was canceled or returned that the buyer's bank sends back: people find out what to do."""

import pytest
from django_subatomic.db import transaction

from checkout.models import Order
from exactly_once.models import OutboxEvent
from payments.models import Refund
from payments.psp.outcomes import RefundCanceled, RefundFailed
from payments.settle_refund import settle_refund
from payments.states import DisputeState
from tests.checkout.disputes import dispute, paid_back, send_back
from tests.checkout.orders import (
    books,
    cancel,
    pay_back,
    refund_by_hand,
    review,
    sell_mugs,
    ship,
    take_back,
    wrong,
)
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

D = DisputeState


def test_a_refund_that_came_back_waits_for_people_until_another_one_is_paid() -> None:
    # Given
    _, order = sell_mugs(1)
    cancel(order)
    # When
    send_back()
    # Then
    assert (Order.objects.get().state, books("liabilities:orders"), wrong()) == ("manual_review", [1780], [])
    # And it is not sent again by itself
    assert (review(order), paid_back()) == ("manual_review", 0)
    # When somebody does
    refund_by_hand(order)
    pay_back()
    # Then
    assert (review(order), books("liabilities:orders"), wrong()) == ("canceled", [0], [])
    assert OutboxEvent.objects.filter(type="order.resumed").count() == 1


def test_a_refund_that_came_back_because_the_bank_had_paid_is_set_off() -> None:
    _, order = sell_mugs(1)
    cancel(order)
    pay_back()
    dispute(D.LOST, 1780)
    assert books("expenses:chargebacks") == [1780]
    # When
    send_back()
    # Then
    assert (books("liabilities:orders", "expenses:chargebacks"), Order.objects.get().state) == ([0, 0], "canceled")
    assert wrong() == []


@pytest.mark.parametrize("end", [RefundFailed, RefundCanceled])
def test_a_refund_that_the_psp_says_failed_as_disputed_waits_for_people_as_well(
    end: type[RefundFailed | RefundCanceled],
) -> None:
    # Given a refund that is with the PSP
    _, order = sell_mugs(1)
    cancel(order)
    Refund.objects.update(sent_at=NOW)
    # When the PSP uses the word that we have for a refund called off
    with transaction():
        settle_refund(refund_uuid=Refund.objects.get().uuid, outcome=end("re_1", reason="disputed"), now=NOW)
    # Then
    assert (Order.objects.get().state, paid_back(), wrong()) == ("manual_review", 0, [])


def test_a_refund_of_a_return_that_came_back_waits_for_people_until_another_one_is_paid() -> None:
    # Given
    mug, order = sell_mugs(1)
    ship(order)
    take_back(order, (mug, 1))
    pay_back()
    # When
    send_back()
    # Then, and verify finds it, should the order not wait
    assert (review(order), paid_back(), wrong()) == ("manual_review", 0, [])
    Order.objects.update(state="shipped")
    assert [check.name for check in wrong()] == [
        "checkout: a refund of a return that came back is paid otherwise, or its order waits for people"
    ]
    assert review(order) == "manual_review"
    # When somebody pays it otherwise
    refund_by_hand(order)
    # Then
    assert (review(order), wrong()) == ("shipped", [])


def test_a_refund_of_a_return_that_came_back_because_the_bank_had_paid_waits_for_nobody() -> None:
    mug, order = sell_mugs(1)
    ship(order)
    take_back(order, (mug, 1))
    pay_back()
    dispute(D.LOST, 1780)
    # When
    send_back()
    # Then
    assert (review(order), wrong()) == ("shipped", [])


def test_the_last_shipment_shows_that_a_refund_of_a_return_came_back() -> None:
    # Given a return's refund that came back while the other mug was to be sent
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    take_back(order, (mug, 1))
    send_back(reference="re_1")
    assert (Order.objects.get().state, wrong()) == ("processing", [])
    # When
    ship(order)
    # Then
    assert (Order.objects.get().state, wrong()) == ("manual_review", [])
