"""Many buyers, few discounts."""

import json
from collections import Counter

import pytest

from checkout.models import CheckoutSession, Discount, DiscountRedemption, Order
from exactly_once.keys import StoredResponse
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay
from tests.concurrency.crowd import everyone
from tests.factories import DiscountFactory
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


def code_of(answer: StoredResponse) -> str:
    return str(json.loads(answer.body).get("code", answer.status))


def test_ten_buyers_of_the_last_three_discounts_redeem_exactly_three(psp: Psp) -> None:
    # Given
    DiscountFactory.create(limit_total=3)
    shop = open_shop()
    sessions = [open_session(shop, discount_code="TEA10") for _ in range(10)]
    # When
    answers = everyone(10, lambda number: code_of(pay(sessions[number])))
    # Then
    assert Counter(answers) == {"200": 3, "session_changed": 7}
    assert sorted(captured for _, captured, _ in psp.charges()) == [1161] * 3
    assert Discount.objects.get().redeemed == DiscountRedemption.objects.filter(state="redeemed").count() == 3
    # And who came too late has been shown the new total, and can have it
    losers = CheckoutSession.objects.filter(state="ready_for_complete")
    assert set(losers.values_list("total_minor", "discount_minor")) == {(1290, 0)}
    assert {pay(session).status for session in losers.values_list("public_id", flat=True)} == {200}
    assert Order.objects.count() == 10
    assert nothing_is_wrong() == []


def test_a_buyer_who_pays_for_five_carts_at_once_has_one_discount(psp: Psp) -> None:
    # Given five different carts
    DiscountFactory.create(limit_per_customer=1)
    shop = open_shop(on_hand=20)
    sessions = [open_session(shop, size, email="ada@example.com", discount_code="TEA10") for size in range(1, 6)]
    # When
    answers = everyone(5, lambda number: code_of(pay(sessions[number])))
    # Then
    assert Counter(answers) == {"200": 1, "session_changed": 4}
    assert len(psp.charges()) == DiscountRedemption.objects.count() == Discount.objects.get().redeemed == 1
    assert nothing_is_wrong() == []
