"""A guest signs in."""

from datetime import timedelta
from typing import Any

import pytest

from checkout.cart_use import lifetime
from checkout.errors import CartRefused
from checkout.models import Cart, CartLine
from tests.api import everything
from tests.checkout.buyers import open_shop, pay
from tests.checkout.carts import open_cart, open_session_of, sign_in
from tests.factories import NOW, VariantFactory
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


def quantities(cart: dict[str, Any]) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in cart["line_items"]}


def test_the_guests_lines_are_added_to_the_customers() -> None:
    # Given
    mug, pot = VariantFactory.create(sku="MUG"), VariantFactory.create(sku="POT")
    own = open_cart(mug.sku, quantity=2, customer="ada", buyer_email="ada@example.com")
    guest = open_cart(mug.sku, pot.sku, buyer_email="guest@example.com", discount_code="TEA10")
    # When
    merged = sign_in(guest, "ada")
    # Then
    assert (merged["id"], quantities(merged)) == (own, {"MUG": 3, "POT": 1})
    # And what the customer has not said is as the guest has said it
    assert (merged["buyer"]["email"], merged["discount_code"]) == ("ada@example.com", "TEA10")
    left = Cart.objects.get(public_id=guest)
    assert (left.state, left.merged_into.public_id if left.merged_into else "", left.lines.count()) == (
        "merged",
        own,
        0,
    )


def test_a_guest_whose_customer_has_no_cart_keeps_this_one() -> None:
    guest = open_cart(VariantFactory.create().sku)

    merged = sign_in(guest, "ada")

    assert (merged["id"], merged["customer"], merged["state"]) == (guest, "ada", "open")


@pytest.mark.parametrize("customer_has_one", [True, False])
def test_signing_in_again_changes_nothing(customer_has_one: bool) -> None:
    sku = VariantFactory.create().sku
    if customer_has_one:
        open_cart(sku, customer="ada")
    guest = open_cart(sku)
    merged = sign_in(guest, "ada")
    before = everything()

    assert sign_in(guest, "ada") == merged
    assert everything() == before


def test_an_old_guest_cart_leads_to_the_cart_that_the_customer_has_by_then(psp: Psp) -> None:
    # Given a guest's cart that was merged, and the customer's was ordered since
    sku = open_shop().sku
    own, guest = open_cart(sku, customer="ada", buyer_email="ada@example.com"), open_cart(sku)
    sign_in(guest, "ada")
    pay(open_session_of(own))
    with pytest.raises(CartRefused) as refusal:
        sign_in(guest, "ada")
    assert refusal.value.code == "cart_ordered"
    # When
    later = open_cart(sku, customer="ada")
    # Then
    merged = sign_in(guest, "ada")
    assert (merged["id"], merged["state"], quantities(merged)) == (later, "open", {sku: 1})


def test_an_old_guest_cart_leads_to_no_cart_that_nobody_came_back_to() -> None:
    sku = VariantFactory.create().sku
    open_cart(sku, customer="ada")
    guest = open_cart(sku)
    sign_in(guest, "ada")

    with pytest.raises(CartRefused) as refusal:
        sign_in(guest, "ada", now=NOW + lifetime())

    assert refusal.value.code == "cart_expired"


def test_signing_in_again_shows_a_cart_that_is_being_paid(psp: Psp) -> None:
    sku = open_shop().sku
    own, guest = open_cart(sku, customer="ada", buyer_email="ada@example.com"), open_cart(sku)
    sign_in(guest, "ada")
    session = open_session_of(own)
    pay(session, "pm_tally_dropReply")

    merged = sign_in(guest, "ada")

    assert (merged["id"], merged["checkout_session"]) == (own, session)


def test_units_are_capped_and_lines_left_out_where_there_would_be_too_many() -> None:
    # Given a customer's cart of 99 lines
    skus = [VariantFactory.create(on_hand=20_000).sku for _ in range(101)]
    open_cart(*skus[:99], quantity=6000, customer="ada")
    # When
    merged = sign_in(open_cart(*skus[98:], quantity=6000), "ada")
    # Then
    assert quantities(merged) == dict.fromkeys(skus[:98], 6000) | {skus[98]: 10_000, skus[99]: 6000}
    said = [(message["code"], message["pointer"]) for message in merged["messages"]]
    assert said == [("quantity_capped", "/line_items/98/quantity"), ("line_left_out", "/line_items")]


def test_a_cart_of_somebody_else_is_not_given_away() -> None:
    guest = open_cart(VariantFactory.create().sku, customer="bob")
    before = everything()

    with pytest.raises(CartRefused) as refusal:
        sign_in(guest, "ada")

    assert refusal.value.code == "cart_of_another_customer"
    assert everything() == before


def test_a_cart_that_was_merged_is_not_merged_into_another_ones() -> None:
    sku = VariantFactory.create().sku
    own, guest = open_cart(sku, customer="ada"), open_cart(sku)
    sign_in(guest, "ada")

    with pytest.raises(CartRefused) as refusal:
        sign_in(guest, "bob")

    assert (refusal.value.code, refusal.value.extra) == ("cart_merged", {"cart_id": own})


def test_a_customers_cart_whose_time_is_over_makes_room() -> None:
    sku = VariantFactory.create().sku
    own = open_cart(sku, customer="ada")
    later = NOW + lifetime()
    guest = open_cart(sku, now=later)

    merged = sign_in(guest, "ada", now=later)

    assert (merged["id"], merged["line_items"][0]["quantity"]) == (guest, 1)
    assert Cart.objects.get(public_id=own).state == "expired"


def test_nothing_is_added_to_a_cart_that_is_being_paid(psp: Psp) -> None:
    # Given
    sku = open_shop().sku
    own = open_cart(sku, customer="ada", buyer_email="ada@example.com")
    pay(open_session_of(own), "pm_card_authenticationRequired")
    # When
    merged = sign_in(open_cart(sku), "ada")
    # Then the guest's is the customer's open one
    assert (merged["id"] != own, merged["customer"], merged["state"]) == (True, "ada", "open")
    assert set(CartLine.objects.values_list("quantity", flat=True)) == {1}


def test_a_guest_does_not_sign_in_with_a_cart_that_is_being_paid(psp: Psp) -> None:
    guest = open_cart(open_shop().sku, buyer_email="ada@example.com")
    session = open_session_of(guest)
    pay(session, "pm_card_authenticationRequired")

    with pytest.raises(CartRefused) as refusal:
        sign_in(guest, "ada")

    assert (refusal.value.code, refusal.value.extra) == ("cart_in_payment", {"checkout_session": session})


def test_who_signs_in_after_the_guests_cart_has_expired_is_told() -> None:
    guest = open_cart(VariantFactory.create().sku)

    with pytest.raises(CartRefused) as refusal:
        sign_in(guest, "ada", now=NOW + lifetime())

    assert refusal.value.code == "cart_expired"
    assert sign_in(guest, "ada", now=NOW + lifetime() - timedelta(seconds=1))["id"] == guest
