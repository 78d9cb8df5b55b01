"""Goods that left unpaid: to cancel the rest of the order does not make them paid."""

import pytest
from django_subatomic.db import transaction

from checkout.models import Order
from payments.models import Attempt
from payments.psp.outcomes import Expired
from payments.settle_attempt import settle_attempt
from tests.checkout.orders import cancel, fail_capture, review, sell_mugs, ship
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def test_an_order_whose_goods_left_unpaid_stays_with_people_when_the_rest_is_canceled() -> None:
    # Given a mug that was shipped, whose capture failed, and then the hold ran out
    mug, order = sell_mugs(2, at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    fail_capture()
    attempt = Attempt.objects.get()
    with transaction():
        settle_attempt(attempt_uuid=attempt.uuid, outcome=Expired(str(attempt.psp_reference)), now=NOW)
    assert review(order) == "manual_review"
    # When
    cancel(order)
    # Then
    assert Order.objects.get().state == "manual_review"
