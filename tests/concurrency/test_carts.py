"""Carts that several requests are at, at the same instant."""

import json
from collections import Counter

import pytest

from checkout.errors import CartRefused
from checkout.models import Cart, CartLine, CheckoutSession, Order
from tests.checkout.buyers import nothing_is_wrong, open_shop, pay
from tests.checkout.carts import open_cart, open_session_of, sign_in
from tests.concurrency.crowd import crowd, everyone
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("customer_has_one", [True, False])
def test_a_sign_in_that_is_sent_ten_times_adds_the_lines_once(customer_has_one: bool) -> None:
    # Given
    sku = open_shop().sku
    own = open_cart(sku, quantity=2, customer="ada") if customer_has_one else None
    guest = open_cart(sku, quantity=3)
    # When
    carts = everyone(10, lambda _: sign_in(guest, "ada"))
    # Then
    assert {cart["id"] for cart in carts} == {own or guest}
    assert CartLine.objects.get().quantity == (5 if customer_has_one else 3)


def test_ten_guests_who_are_one_customer_end_with_one_cart() -> None:
    # Given
    sku = open_shop().sku
    guests = [open_cart(sku) for _ in range(10)]
    # When
    carts = everyone(10, lambda number: sign_in(guests[number], "ada"))
    # Then
    (own,) = {cart["id"] for cart in carts}
    assert Cart.objects.get(state="open").public_id == own
    assert CartLine.objects.get().quantity == 10


def test_a_customer_who_begins_ten_carts_at_once_has_one() -> None:
    sku = open_shop().sku

    carts = crowd(10, lambda _: open_cart(sku, customer="ada"))

    assert Counter(type(cart) for cart in carts) == {str: 1, CartRefused: 9}
    (own,) = [cart for cart in carts if isinstance(cart, str)]
    assert [cart.extra for cart in carts if isinstance(cart, CartRefused)] == [{"cart_id": own}] * 9


def test_of_ten_sessions_of_one_cart_one_is_paid(psp: Psp) -> None:
    # Given ten tabs, each with another buyer's address, so that none is a possible duplicate of another
    cart = open_cart(open_shop().sku)
    sessions = [open_session_of(cart, buyer_email=f"ada-{tab}@example.com") for tab in range(10)]
    # When
    answers = everyone(10, lambda number: pay(sessions[number]))
    # Then
    codes = Counter(str(json.loads(answer.body).get("code", answer.status)) for answer in answers)
    assert codes["200"] == 1
    assert codes["cart_in_payment"] + codes["cart_ordered"] == 9
    assert len(psp.charges()) == Order.objects.count() == 1
    assert CheckoutSession.objects.filter(state="ready_for_complete").count() == 9
    assert Cart.objects.get().state == "ordered"
    assert nothing_is_wrong() == []
