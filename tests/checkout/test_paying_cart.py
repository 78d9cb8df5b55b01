"""A customer goes on shopping while nobody knows how the payment of a cart ends."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from checkout.cancel_session import cancel_session
from checkout.cart_use import lifetime
from checkout.errors import CartRefused
from checkout.models import Cart, Price
from payments.ask_psp import look_up
from payments.models import Attempt
from payments.psp.outcomes import Declined
from payments.settle_attempt import settle_attempt
from tests.checkout.buyers import CLIENT, open_shop, pay
from tests.checkout.carts import open_cart, open_session_of, sign_in
from tests.checkout.orders import wrong
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ADA: dict[str, Any] = {"customer": "ada", "buyer_email": "ada@example.com"}


def pay_without_answer(sku: str) -> tuple[str, str]:
    """Return a customer's cart and the session that pays for it, which nobody knows the outcome of."""
    cart = open_cart(sku, **ADA)
    session = open_session_of(cart)
    assert pay(session, "pm_tally_dropReply").status == 202
    return cart, session


def fail() -> None:
    """Have it turn out that nothing was charged."""
    declined = Declined(None, reason="declined", soft=True)
    with transaction():
        settle_attempt(attempt_uuid=Attempt.objects.get().uuid, outcome=declined, now=NOW)


def states(*carts: str) -> list[str]:
    return [Cart.objects.get(public_id=cart).state for cart in carts]


@pytest.mark.parametrize("now", [NOW, NOW + 2 * lifetime()])
def test_the_customer_begins_another_cart_however_long_that_takes(now: datetime) -> None:
    sku = open_shop().sku
    paying, _ = pay_without_answer(sku)

    other = open_cart(sku, customer="ada", now=now)

    assert states(paying, other) == ["paying", "open"]
    with pytest.raises(CartRefused, match="customer_has_cart"):
        open_cart(sku, customer="ada", now=now)


def test_a_payment_that_succeeds_orders_its_own_cart_alone() -> None:
    sku = open_shop().sku
    paying, _ = pay_without_answer(sku)
    other = open_cart(sku, customer="ada")

    look_up(attempt_uuid=Attempt.objects.get().uuid, now=NOW)

    assert (states(paying, other), wrong()) == (["ordered", "open"], [])


def test_a_payment_that_fails_opens_the_cart_again() -> None:
    paying, _ = pay_without_answer(open_shop().sku)

    fail()

    assert (states(paying), wrong()) == (["open"], [])


def test_beside_another_one_it_is_set_aside_and_can_be_paid_with_another_card(psp: Psp) -> None:
    # Given
    sku = open_shop().sku
    paying, session = pay_without_answer(sku)
    other = open_cart(sku, customer="ada")
    # When
    fail()
    # Then
    assert states(paying, other) == ["set_aside", "open"]
    # And
    assert pay(session).status == 200
    assert (states(paying, other), wrong()) == (["ordered", "open"], [])


@pytest.mark.parametrize("has_another", [True, False])
def test_what_was_set_aside_is_taken_up_again_when_the_customer_asks_for_it(has_another: bool) -> None:
    # Given
    sku = open_shop().sku
    paying, _ = pay_without_answer(sku)
    other = open_cart(sku, customer="ada")
    fail()
    if not has_another:
        pay(open_session_of(other, buyer_email="bob@example.com"))
    # When
    merged: dict[str, Any] = sign_in(paying, "ada")
    # Then
    expected = (other, 2, ["merged", "open"]) if has_another else (paying, 1, ["open", "ordered"])
    assert (merged["id"], merged["line_items"][0]["quantity"], states(paying, other)) == expected
    assert sign_in(paying, "ada")["id"] == merged["id"]


def test_a_session_that_is_canceled_before_the_banks_question_frees_its_cart() -> None:
    cart = open_cart(open_shop().sku, **ADA)
    session, left = open_session_of(cart), open_session_of(cart)
    pay(session, "pm_card_authenticationRequired")
    # When another session of it is canceled
    with transaction():
        cancel_session(session_id=left, client=CLIENT, now=NOW)
    assert states(cart) == ["paying"]
    # And the one that is being paid
    with transaction():
        cancel_session(session_id=session, client=CLIENT, now=NOW)
    assert (states(cart), wrong()) == (["open"], [])


@pytest.mark.parametrize("round_number", range(3))
def test_a_payment_that_fails_as_the_customer_begins_and_signs_in_leaves_one_open_cart(round_number: int) -> None:
    # Given
    sku = open_shop().sku
    paying, _ = pay_without_answer(sku)
    guest = open_cart(sku)
    acts: list[Callable[[], object]] = [fail, lambda: open_cart(sku, customer="ada"), lambda: sign_in(guest, "ada")]
    # When
    met = crowd(3, lambda number: acts[number]())
    # Then
    assert [each for each in met if isinstance(each, Exception) and not isinstance(each, CartRefused)] == []
    assert Cart.objects.filter(customer="ada", state="open").count() == 1, round_number
    assert states(paying)[0] in {"open", "set_aside"}
    assert wrong() == []


def test_the_database_has_one_open_cart_of_a_customer() -> None:
    paying, _ = pay_without_answer(open_shop().sku)
    open_cart(customer="ada")

    with pytest.raises(IntegrityError, match="cart_one_open_per_customer"):
        Cart.objects.filter(public_id=paying).update(state="open")


def test_a_cart_whose_price_has_changed_is_open_until_its_buyer_agrees_to_the_new_one() -> None:
    # Given
    sku = open_shop().sku
    cart = open_cart(sku, **ADA)
    session = open_session_of(cart)
    Price.objects.update(unit_amount_minor=1390)
    # When
    answer = pay(session)
    # Then
    assert (answer.status, states(cart), wrong()) == (409, ["open"], [])
    # And who has seen the new price pays it
    assert pay(session).status == 200
    assert (states(cart), wrong()) == (["ordered"], [])
