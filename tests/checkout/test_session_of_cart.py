"""From a cart to an order."""

import json

import pytest

from checkout.cart_use import lifetime
from checkout.errors import CartRefused
from checkout.models import Cart, CheckoutSession, Discount, Order
from checkout.tasks import sweep
from payments.ask_psp import look_up
from payments.models import Attempt
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_shop, pay
from tests.checkout.carts import open_cart, open_session_of, sign_in
from tests.factories import NOW, DiscountFactory
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


def code_of(body: bytes) -> str:
    return str(json.loads(body)["code"])


def test_a_session_has_the_carts_lines_and_terms_and_completes_with_it(psp: Psp) -> None:
    # Given
    DiscountFactory.create()
    cart = open_cart(open_shop().sku, quantity=2, customer="ada", buyer_email="ada@example.com", discount_code="tea10")
    # When
    session = open_session_of(cart, buyer_name="Ada")
    paid = json.loads(pay(session).body)
    # Then
    assert (paid["state"], paid["cart_id"], paid["customer"]) == ("completed", cart, "ada")
    order = Order.objects.get()
    assert (order.total_minor, order.buyer_email, order.buyer_name) == (2322, "ada@example.com", "Ada")
    assert Cart.objects.get().state == "ordered"
    assert Discount.objects.get().redeemed == 1
    assert nothing_is_wrong() == []
    # And the customer may begin anew
    assert open_cart(customer="ada") != cart


def test_what_costs_nothing_ends_its_cart_too() -> None:
    DiscountFactory.create(percent=100)
    cart = open_cart(open_shop().sku, discount_code="TEA10", buyer_email="ada@example.com")

    assert pay(open_session_of(cart)).status == 200
    assert Cart.objects.get().state == "ordered"


def test_an_ordered_cart_is_not_paid_again(psp: Psp) -> None:
    # Given two sessions, of which one is completed
    cart = open_cart(open_shop().sku)
    first, second = (open_session_of(cart, buyer_email=f"{name}@example.com") for name in ("ada", "bob"))
    pay(first)
    # When
    answer = pay(second)
    # Then
    assert (answer.status, code_of(answer.body)) == (409, "cart_ordered")
    assert len(psp.charges()) == Order.objects.count() == 1
    with pytest.raises(CartRefused) as refusal:
        open_session_of(cart)
    assert refusal.value.code == "cart_ordered"
    assert CheckoutSession.objects.count() == 2


def test_a_cart_is_free_again_after_a_decline(psp: Psp) -> None:
    cart = open_cart(open_shop().sku)
    first, second = (open_session_of(cart, buyer_email=f"{name}@example.com") for name in ("ada", "bob"))

    assert pay(first, "pm_card_chargeDeclined").status == 402
    assert Cart.objects.get().state == "open"
    assert pay(second).status == 200


def test_while_one_session_waits_for_the_bank_another_one_cannot_be_paid(psp: Psp) -> None:
    cart = open_cart(open_shop().sku)
    first, second = (open_session_of(cart, buyer_email=f"{name}@example.com") for name in ("ada", "bob"))
    pay(first, "pm_card_authenticationRequired")

    answer = pay(second)

    assert (answer.status, code_of(answer.body)) == (409, "cart_in_payment")
    assert json.loads(answer.body)["checkout_session"] == first


def test_a_lost_reply_orders_the_cart_when_its_outcome_is_known(psp: Psp) -> None:
    # Given
    session = open_session_of(open_cart(open_shop().sku, buyer_email="ada@example.com"))
    assert pay(session, "pm_tally_dropReply").status == 202
    # When
    look_up(attempt_uuid=Attempt.objects.get().uuid, now=NOW)
    # Then
    assert (Cart.objects.get().state, Order.objects.count()) == ("ordered", 1)


def test_a_session_of_a_cart_that_was_merged_cannot_be_paid(psp: Psp) -> None:
    """The lines are in the customer's cart now, and would be bought twice."""
    sku = open_shop().sku
    own, guest = open_cart(sku, customer="ada"), open_cart(sku, buyer_email="ada@example.com")
    session = open_session_of(guest)
    sign_in(guest, "ada")

    answer = pay(session)

    assert (answer.status, code_of(answer.body), json.loads(answer.body)["cart_id"]) == (409, "cart_merged", own)
    assert psp.charges() == []


def test_an_empty_cart_does_not_go_to_checkout() -> None:
    cart = open_cart()

    with pytest.raises(CartRefused) as refusal:
        open_session_of(cart)

    assert refusal.value.code == "cart_empty"
    assert not CheckoutSession.objects.exists()


def test_a_cart_that_nobody_changes_expires_and_is_forgotten_later(psp: Psp) -> None:
    # Given a cart that was left alone, one that was merged, one that was sold, and one that is used
    sku = open_shop().sku
    past = NOW - 3 * lifetime()
    for cart in (open_cart(sku, now=past), open_cart(sku, now=past, buyer_email="ada@example.com")):
        Cart.objects.filter(public_id=cart).update(client=CLIENT)
    sold = Cart.objects.get(buyer_email="ada@example.com")
    pay(open_session_of(sold.public_id, now=past), now=past)
    # When the sweep comes, which reads the clock
    sweep()
    # Then
    assert sorted(Cart.objects.values_list("state", flat=True)) == ["expired", "ordered"]
    # And once more as long after
    Cart.objects.filter(state="expired").update(updated_at=past)
    sweep()
    assert [cart.state for cart in Cart.objects.all()] == ["ordered"]


def test_a_cart_that_is_being_paid_does_not_expire(psp: Psp) -> None:
    cart = open_cart(open_shop().sku, buyer_email="ada@example.com")
    pay(open_session_of(cart), "pm_tally_dropReply")
    Cart.objects.update(expires_at=NOW - lifetime())

    sweep()

    assert Cart.objects.get().state == "paying"
