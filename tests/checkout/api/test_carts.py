"""Carts over HTTP."""

import uuid
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest
from rest_framework import serializers

from checkout.api.cart_schemas import CartSchema
from checkout.models import Cart, Price, Variant
from tests.api import Api, everything, problem
from tests.checkout.api.shop import ADA, BERLIN, SESSIONS, furnish, said, told, totals
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

CARTS = "/api/v1/carts"
MUG = {"sku": "MUG", "quantity": 1}


@pytest.fixture
def api() -> Api:
    furnish()
    return Api("checkout")


def begin(api: Api, *items: dict[str, Any], currency: str = "EUR", **terms: Any) -> dict[str, Any]:
    return told(api.post(CARTS, {"currency": currency, "line_items": list(items), **terms}), 201)


def address(cart: dict[str, Any], step: str = "") -> str:
    return f"{CARTS}/{cart['id']}{step}"


def lines(cart: dict[str, Any]) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in cart["line_items"]}


def test_a_guests_cart_begins_empty_and_is_read_under_an_id_of_its_own(api: Api) -> None:
    answer = api.post(CARTS, {"currency": "EUR"})

    cart = told(answer, 201)
    assert answer["Location"] == address(cart)
    assert told(api.get(address(cart))) == cart
    assert (cart["state"], cart["customer"], cart["line_items"], cart["messages"]) == ("open", "", [], [])
    assert totals(cart)["total"] == 0
    ids = {begin(api)["id"] for _ in range(3)} | {cart["id"]}
    # No two have their first half in common: nothing of an id is the time.
    assert len({one.removeprefix("cart_")[:10] for one in ids}) == 4


def test_a_cart_looks_as_it_is_described(api: Api) -> None:
    shape = CartSchema()
    cart = begin(api, MUG, shipping_address=BERLIN, discount_code="TEA10", buyer=ADA, customer="ada")

    assert list(cart) == list(shape.fields)
    line_shape = shape.fields["line_items"]
    assert isinstance(line_shape, serializers.ListSerializer)
    assert cart["line_items"][0].keys() == line_shape.child.fields.keys()  # type: ignore[union-attr]


def test_prices_are_those_of_now_with_shipping_discount_and_taxes(api: Api) -> None:
    cart = begin(api, {"sku": "MUG", "quantity": 2}, shipping_address=BERLIN, discount_code="tea10")
    assert totals(cart) == {"subtotal": 2580, "discount": 258, "fulfillment": 490, "tax": 0, "total": 2812}
    assert [option["id"] for option in cart["fulfillment_options"]] == ["standard", "express"]

    Price.objects.filter(variant__sku="MUG", currency="EUR").update(unit_amount_minor=1000)

    dearer = told(api.get(address(cart)))
    assert totals(dearer)["subtotal"] == 2000
    assert dearer["messages"] == []


def test_a_line_that_can_no_longer_be_sold_stays_and_says_so(api: Api) -> None:
    cart = begin(api, MUG, {"sku": "BOOK", "quantity": 20})
    Variant.objects.filter(sku="MUG").update(active=False)

    read = told(api.get(address(cart)))

    assert said(read) == [
        ("error", "unknown_sku", "/line_items/0/sku"),
        ("warning", "out_of_stock", "/line_items/1/quantity"),
    ]
    gone, book = read["line_items"]
    assert (gone["sku"], gone["quantity"], gone["unit_amount_minor"], gone["total_minor"]) == ("MUG", 1, None, None)
    assert book["total_minor"] == totals(read)["total"] == 20 * 1290
    # And it can be taken out
    assert said(told(api.request("DELETE", address(cart, "/lines/MUG")))) == [
        ("warning", "out_of_stock", "/line_items/0/quantity")
    ]


def test_lines_are_added_set_and_taken_out(api: Api) -> None:
    cart = begin(api)

    assert lines(told(api.post(address(cart, "/lines"), MUG))) == {"MUG": 1}
    assert lines(told(api.post(address(cart, "/lines"), {"sku": "MUG", "quantity": 2}))) == {"MUG": 3}
    assert lines(told(api.request("PUT", address(cart, "/lines/BOOK"), {"quantity": 4}))) == {"MUG": 3, "BOOK": 4}
    assert lines(told(api.request("PUT", address(cart, "/lines/MUG"), {"quantity": 2}))) == {"MUG": 2, "BOOK": 4}
    assert lines(told(api.request("DELETE", address(cart, "/lines/MUG")))) == {"BOOK": 4}
    assert lines(told(api.request("DELETE", address(cart, "/lines/MUG")))) == {"BOOK": 4}
    assert lines(told(api.request("PATCH", address(cart), {"line_items": [MUG]}))) == {"MUG": 1}
    assert lines(told(api.request("PATCH", address(cart), {"line_items": []}))) == {}


def test_units_that_are_added_twice_under_one_key_are_added_once(api: Api) -> None:
    cart, key = begin(api), {"Idempotency-Key": str(uuid.uuid4())}

    answers = [api.post(address(cart, "/lines"), MUG, **key) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert lines(told(api.get(address(cart)))) == {"MUG": 1}


def test_a_sku_with_a_slash_has_an_address(api: Api) -> None:
    Variant.objects.filter(sku="MUG").update(sku="MUG/WHITE 1")
    cart = begin(api)

    assert lines(told(api.request("PUT", address(cart, "/lines/MUG/WHITE%201"), {"quantity": 1}))) == {"MUG/WHITE 1": 1}


@pytest.mark.parametrize(
    ("method", "step", "body", "field"),
    [
        ("PUT", "/lines/TEA", {"quantity": 1}, ("/sku", "unknown_sku")),
        ("PUT", "/lines/MUG", {"quantity": 0}, ("/quantity", "min_value")),
        ("PUT", "/lines/MUG", {"quantity": 10_001}, ("/quantity", "max_value")),
        ("POST", "/lines", {"sku": "TEA", "quantity": 1}, ("/sku", "unknown_sku")),
        ("POST", "/lines", {"sku": "YEN", "quantity": 1}, ("/sku", "no_price_in_currency")),
        ("PATCH", "", {"line_items": [MUG, MUG]}, ("/line_items/1/sku", "duplicate_sku")),
        ("PATCH", "", {"customer": "ada"}, ("/customer", "unknown_field")),
        ("POST", "/merge", {"customer": ""}, ("/customer", "blank")),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(
    api: Api, method: str, step: str, body: dict[str, Any], field: tuple[str, str]
) -> None:
    # Given
    Price.objects.filter(variant__sku="BOOK", currency="EUR").delete()
    Variant.objects.filter(sku="BOOK").update(sku="YEN")
    cart = begin(api, {"sku": "MUG", "quantity": 2})
    before = everything()
    # When
    refusal = problem(api.request(method, address(cart, step), body, **{"Idempotency-Key": "k"}))
    # Then
    assert (refusal["status"], refusal["code"]) == (400, "invalid_input")
    assert [(error["pointer"], error["code"]) for error in refusal["errors"]] == [field]
    assert everything() == before


def test_a_cart_has_a_hundred_lines_at_most(api: Api) -> None:
    for number in range(100):
        variant = Variant.objects.create(
            product_id=Variant.objects.get(sku="MUG").product_id, sku=f"M{number}", options={"n": number}
        )
        Price.objects.create(variant=variant, currency="EUR", unit_amount_minor=100)
    cart = begin(api, *({"sku": f"M{number}", "quantity": 1} for number in range(100)))

    refusal = problem(api.post(address(cart, "/lines"), MUG))

    assert (refusal["status"], refusal["code"]) == (409, "cart_full")
    assert len(told(api.post(address(cart, "/lines"), {"sku": "M0", "quantity": 1}))["line_items"]) == 100


def test_a_customer_has_one_cart(api: Api) -> None:
    own = begin(api, customer="ada")

    refusal = problem(api.post(CARTS, {"currency": "EUR", "customer": "ada"}))

    assert (refusal["status"], refusal["code"], refusal["cart_id"]) == (409, "customer_has_cart", own["id"])
    # Another client's ada is another one.
    assert begin(Api("checkout", client="cli_other"), customer="ada")["id"] != own["id"]


def test_signing_in_merges(api: Api) -> None:
    own, guest = begin(api, MUG, customer="ada"), begin(api, MUG)

    merged = told(api.post(address(guest, "/merge"), {"customer": "ada"}))

    assert (merged["id"], lines(merged)) == (own["id"], {"MUG": 2})
    left = told(api.get(address(guest)))
    assert (left["state"], left["merged_into"], left["line_items"]) == ("merged", own["id"], [])


@pytest.mark.parametrize(
    ("method", "step", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/lines", MUG),
        ("PUT", "/lines/MUG", {"quantity": 1}),
        ("DELETE", "/lines/MUG", None),
        ("POST", "/merge", {"customer": "ada"}),
    ],
)
def test_a_cart_of_another_client_is_not_there(api: Api, method: str, step: str, body: Any) -> None:
    cart = begin(Api("checkout", client="cli_other"), MUG)
    before = Cart.objects.values().get()

    refusal = problem(api.request(method, address(cart, step), body, **{"Idempotency-Key": "k"}))

    assert (refusal["status"], refusal["code"]) == (404, "cart_not_found")
    assert Cart.objects.values().get() == before


def test_a_cart_that_was_thrown_away_is_gone_and_so_is_whose_it_was(api: Api) -> None:
    cart = begin(api, MUG, customer="ada", buyer=ADA, shipping_address=BERLIN)

    assert api.request("DELETE", address(cart)).status_code == 204

    assert problem(api.get(address(cart)))["code"] == "cart_not_found"
    assert problem(api.request("DELETE", address(cart)))["code"] == "cart_not_found"
    row = Cart.objects.get()
    assert (row.state, row.customer, row.buyer_email, row.shipping_address, row.lines.count()) == (
        "deleted",
        "",
        "",
        {},
        0,
    )
    assert begin(api, customer="ada")["state"] == "open"


@pytest.mark.parametrize(
    ("method", "step", "body"),
    [("PATCH", "", {}), ("DELETE", "", None), ("PUT", "/lines/MUG", {"quantity": 3}), ("DELETE", "/lines/MUG", None)],
)
def test_a_cart_that_has_changed_since_it_was_seen_is_left_alone(api: Api, method: str, step: str, body: Any) -> None:
    # Given
    cart = begin(api, MUG)
    first = api.get(address(cart))
    assert api.get(address(cart), **{"If-None-Match": first["ETag"]}).status_code == 304
    changed = api.request("PUT", address(cart, "/lines/BOOK"), {"quantity": 1})
    before = everything()
    # When
    refusal = problem(api.request(method, address(cart, step), body, **{"If-Match": first["ETag"]}))
    # Then
    assert (refusal["status"], refusal["code"]) == (412, "precondition_failed")
    assert everything() == before
    assert api.request(method, address(cart, step), body, **{"If-Match": changed["ETag"]}).status_code in (200, 204)


def test_a_cart_goes_to_checkout_and_is_ordered(api: Api, psp: Psp) -> None:
    # Given
    cart = begin(api, MUG, buyer=ADA)
    # When
    session = told(api.post(SESSIONS, {"cart_id": cart["id"], "shipping_address": BERLIN}), 201)
    # Then the session knows it, and has what was sent along
    assert (session["cart_id"], session["shipping_address"], totals(session)["total"]) == (cart["id"], BERLIN, 1780)
    assert told(api.get(address(cart)))["checkout_session"] is None
    # And when it is paid
    paid = told(api.post(f"{SESSIONS}/{session['id']}/complete", {"payment": {"token": "pm_card_visa"}}))
    assert (paid["state"], paid["order"]["id"]) == ("completed", ANY)
    ordered = told(api.get(address(cart)))
    assert (ordered["state"], ordered["checkout_session"]) == ("ordered", session["id"])
    for method, step, body in (("PATCH", "", {}), ("DELETE", "", None), ("POST", "/lines", MUG)):
        assert problem(api.request(method, address(cart, step), body, **{"Idempotency-Key": method}))["code"] == (
            "cart_ordered"
        )


def test_a_session_is_made_of_lines_or_of_a_cart_and_not_of_both(api: Api) -> None:
    cart = begin(api, MUG)

    both = problem(api.post(SESSIONS, {"cart_id": cart["id"], "currency": "EUR", "line_items": [MUG]}))
    neither = problem(api.post(SESSIONS, {"buyer": ADA}))
    nowhere = problem(api.post(SESSIONS, {"cart_id": "cart_none"}))

    assert [error["pointer"] for error in both["errors"]] == ["/currency", "/line_items"]
    assert [error["code"] for error in neither["errors"]] == ["required", "required"]
    assert (nowhere["status"], nowhere["code"]) == (404, "cart_not_found")


def test_a_line_has_ten_thousand_units_at_most(api: Api) -> None:
    cart = begin(api, {"sku": "MUG", "quantity": 9_999})

    refusal = problem(api.post(address(cart, "/lines"), {"sku": "MUG", "quantity": 2}))

    assert (refusal["status"], refusal["code"]) == (409, "cart_line_full")
    assert lines(told(api.post(address(cart, "/lines"), MUG))) == {"MUG": 10_000}


@pytest.mark.parametrize("body", [b"null", b"5", b'["cart_id"]', b'"cart_id"'])
def test_a_session_of_what_is_no_object_is_refused(api: Api, body: bytes) -> None:
    assert problem(api.post(SESSIONS, body))["status"] == 400


def test_a_cart_that_has_expired_can_be_read_and_no_more(api: Api) -> None:
    cart = begin(api, MUG)
    Cart.objects.update(expires_at=datetime.now(UTC))

    assert lines(told(api.get(address(cart)))) == {"MUG": 1}
    assert problem(api.post(address(cart, "/lines"), MUG))["code"] == "cart_expired"
