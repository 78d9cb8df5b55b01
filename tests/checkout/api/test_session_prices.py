"""What a session costs over HTTP: taxes, shipping and discounts, and what is said about them."""

from typing import Any

import pytest
from django.db.models import Sum
from django_subatomic.db import transaction

from checkout.models import Discount, ShippingOption, TaxRate, Variant
from config.verification import all_checks
from ledger.money import Money
from payments.models import IntentPart, Refund
from payments.parts import Wanted
from payments.refund import request_refund
from tests.api import Api
from tests.checkout.api.shop import (
    BERLIN,
    LOS_ANGELES,
    SESSIONS,
    complete,
    furnish,
    open_session,
    patch,
    read,
    said,
    told,
    totals,
)
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api() -> Api:
    furnish()
    return Api("checkout")


def amounts(subtotal: int, discount: int = 0, fulfillment: int = 0, tax: int = 0) -> dict[str, int]:
    total = subtotal - discount + fulfillment + tax
    return {"subtotal": subtotal, "discount": discount, "fulfillment": fulfillment, "tax": tax, "total": total}


def tax(jurisdiction: str, percent: str, amount: int, *, inclusive: bool) -> dict[str, Any]:
    return {"jurisdiction": jurisdiction, "percent": percent, "inclusive": inclusive, "amount_minor": amount}


def test_without_an_address_goods_are_collected_at_the_shop_and_taxed_there(api: Api, settings: Any) -> None:
    assert open_session(api)["taxes"] == []

    settings.SHOP_COUNTRY = "DE"
    session = open_session(api)

    assert (session["state"], session["fulfillment_options"]) == ("ready_for_complete", [])
    assert totals(session) == amounts(1290)
    assert session["taxes"] == [tax("de", "19", 206, inclusive=True)]
    assert session["messages"] == []


def test_goods_that_are_sent_to_germany_have_its_taxes_in_their_prices(api: Api) -> None:
    session = open_session(api, "MUG", "BOOK", shipping_address=BERLIN)

    assert totals(session) == amounts(2580, fulfillment=490)
    # 19 % of 12.90 and 4.90 together, 7 % of 12.90.
    assert session["taxes"] == [tax("de", "19", 284, inclusive=True), tax("de", "7", 84, inclusive=True)]
    assert session["line_items"][1] == {
        "sku": "BOOK",
        "name": session["line_items"][1]["name"],
        "quantity": 1,
        "unit_amount_minor": 1290,
        "subtotal_minor": 1290,
        "discount_minor": 0,
        "taxes": [tax("de", "7", 84, inclusive=True)],
        "total_minor": 1290,
    }


def test_goods_that_are_sent_to_california_have_its_taxes_on_top(api: Api) -> None:
    session = open_session(api, currency="USD", shipping_address=LOS_ANGELES)

    # Of 30.80: 6 % are 1.848, 3.5 % are 1.078.
    assert totals(session) == amounts(1390, fulfillment=1690, tax=185 + 108)
    assert session["taxes"] == [tax("us-ca", "6", 185, inclusive=False), tax("us-ca-la", "3.5", 108, inclusive=False)]
    assert totals(open_session(api, currency="USD", shipping_address={"region": "NY", "country": "US"}))["tax"] == 0


def test_the_first_option_is_chosen_unless_told_and_each_has_its_price_for_the_weight(api: Api) -> None:
    session = open_session(api, "MUG", "BOOK", shipping_address=BERLIN)
    assert session["fulfillment_options"] == [
        {"id": "standard", "name": "Standard", "description": "", "amount_minor": 490},
        {"id": "express", "name": "Express", "description": "", "amount_minor": 1190},
    ]
    assert session["fulfillment_option_id"] == "standard"

    express = patch(api, session, fulfillment_option_id="express")
    assert (express["fulfillment_option_id"], totals(express)["fulfillment"]) == ("express", 1190)
    heavy = patch(api, session, line_items=[{"sku": "BOOK", "quantity": 2}], fulfillment_option_id="standard")
    assert totals(heavy)["fulfillment"] == 790
    heavier = patch(api, session, line_items=[{"sku": "BOOK", "quantity": 10}])
    assert totals(heavier)["fulfillment"] == 1490
    abroad = patch(api, session, shipping_address={"country": "FR"})
    assert [option["id"] for option in abroad["fulfillment_options"]] == ["standard"]
    assert totals(abroad) == amounts(12900, fulfillment=1490)


def test_an_option_that_does_not_go_there_gives_way_and_the_buyer_is_told(api: Api) -> None:
    session = open_session(api, shipping_address={"country": "FR"}, fulfillment_option_id="express")

    assert session["fulfillment_option_id"] == "standard"
    assert said(session) == [("warning", "option_unavailable", "/fulfillment_option_id")]
    assert session["state"] == "ready_for_complete"


@pytest.mark.parametrize(
    ("address", "code", "pointer"),
    [
        ({"city": "Berlin"}, "country_required", "/shipping_address/country"),
        ({"country": "CH"}, "cannot_be_shipped", "/shipping_address"),
    ],
)
def test_what_cannot_be_sent_cannot_be_paid(api: Api, address: dict[str, str], code: str, pointer: str) -> None:
    ShippingOption.objects.get(code="standard").prices.filter(country="").delete()
    session = open_session(api, shipping_address=address)

    assert (session["state"], said(session)) == ("incomplete", [("error", code, pointer)])
    assert told(complete(api, session), 409)["code"] == "session_incomplete"
    mended = patch(api, session, shipping_address=BERLIN)
    assert (mended["state"], mended["messages"]) == ("ready_for_complete", [])


def test_a_shop_without_shipping_options_sends_for_nothing(api: Api) -> None:
    ShippingOption.objects.update(active=False)
    session = open_session(api, shipping_address={"country": "CH"})

    assert (session["state"], session["fulfillment_option_id"], totals(session)) == (
        "ready_for_complete",
        None,
        amounts(1290),
    )


def test_a_shop_may_insist_on_an_address_for_what_weighs_anything(api: Api, settings: Any) -> None:
    settings.SHOP_ADDRESS_REQUIRED = True
    session = open_session(api)

    assert (session["state"], said(session)) == (
        "incomplete",
        [("error", "shipping_address_required", "/shipping_address")],
    )
    Variant.objects.update(weight_grams=0)
    assert patch(api, session)["state"] == "ready_for_complete"


def test_a_discount_is_taken_off_before_the_taxes(api: Api) -> None:
    session = open_session(api, "MUG", "BOOK", currency="USD", shipping_address=LOS_ANGELES, discount_code="tea10")

    assert (session["discount_code"], session["discount"]) == ("tea10", {"title": "10 % off", "amount_minor": 278})
    assert [line["discount_minor"] for line in session["line_items"]] == [139, 139]
    # Books are not taxed in California: 12.51 and 16.90 are.
    assert totals(session) == amounts(2780, 278, 1690, 176 + 103)
    without = patch(api, session, discount_code="")
    assert (without["discount"], totals(without)["discount"]) == (None, 0)


@pytest.mark.parametrize(
    ("values", "terms", "code"),
    [
        ({"code": "OTHER"}, {}, "discount_code_invalid"),
        ({"active": False}, {}, "discount_code_invalid"),
        ({"valid_from": NOW.replace(year=9000)}, {}, "discount_code_invalid"),
        ({"valid_until": NOW.replace(year=2020)}, {}, "discount_code_expired"),
        ({"kind": "amount", "percent": None}, {}, "discount_not_in_currency"),
        ({"kind": "amount", "percent": None}, {"currency": "USD", "off_minor": 5}, "discount_not_in_currency"),
        ({"kind": "amount", "percent": None}, {"currency": "EUR"}, "discount_not_in_currency"),
        ({}, {"currency": "EUR", "minimum_subtotal_minor": 1291}, "discount_minimum_not_met"),
        ({"limit_total": 1, "redeemed": 1}, {}, "discount_used_up"),
    ],
)
def test_a_code_that_does_not_apply_is_no_error_and_the_buyer_is_told(
    api: Api, values: dict[str, Any], terms: dict[str, Any], code: str
) -> None:
    Discount.objects.update(**values)
    if terms:
        Discount.objects.get().amounts.create(**terms)

    session = open_session(api, discount_code="TEA10")

    assert said(session) == [("warning", code, "/discount_code")]
    assert (session["state"], session["discount"], totals(session)) == ("ready_for_complete", None, amounts(1290))


@pytest.mark.parametrize(
    ("kind", "terms", "discount"),
    [
        ("amount", {"off_minor": 500}, 500),
        ("amount", {"off_minor": 99999}, 1290),
        ("amount", {"off_minor": 500, "minimum_subtotal_minor": 1290}, 500),
        ("free_shipping", {}, 490),
    ],
)
def test_amounts_and_shipping_can_be_let_go_of(api: Api, kind: str, terms: dict[str, Any], discount: int) -> None:
    Discount.objects.update(kind=kind, percent=None)
    Discount.objects.get().amounts.create(currency="EUR", **terms)

    session = open_session(api, shipping_address=BERLIN, discount_code="TEA10")

    assert totals(session) == amounts(1290, discount, 490)


def test_fewer_units_than_asked_for_are_told_of_and_do_not_hinder(api: Api) -> None:
    body = {"currency": "EUR", "line_items": [{"sku": "MUG", "quantity": 11}], "buyer": {"email": "ada@example.com"}}

    session = told(api.post(SESSIONS, body), 201)

    assert said(session) == [("warning", "out_of_stock", "/line_items/0/quantity")]
    assert session["state"] == "ready_for_complete"


def test_what_was_shown_is_what_is_charged_and_stands_in_the_order(api: Api, psp: Psp) -> None:
    # Given
    session = open_session(
        api, "MUG", "BOOK", currency="USD", shipping_address=LOS_ANGELES, discount_code="TEA10", customer="u-1"
    )
    # When
    paid = told(complete(api, session))
    # Then
    total = totals(session)["total"]
    assert (paid["state"], paid["totals"], paid["messages"]) == ("completed", session["totals"], [])
    assert [captured for _, captured, _ in psp.charges()] == [total]
    order = told(api.get(f"/api/v1/orders/{paid['order']['id']}"))
    assert [{name: line[name] for name in session["line_items"][0]} for line in order["line_items"]] == session[
        "line_items"
    ]
    same = ("totals", "taxes", "discount", "discount_code", "customer", "buyer", "shipping_address")
    assert {name: order[name] for name in same} == {name: session[name] for name in same}
    assert order["fulfillment_option"] == {"id": "standard", "name": "Standard", "amount_minor": 1690}
    assert [check.name for check in all_checks(now=NOW) if not check.passed] == []


def test_the_payment_knows_what_it_is_for_and_every_part_can_be_paid_back(api: Api, psp: Psp) -> None:
    # Given a sale at a discount, with taxes in the prices and on top, that was sent
    TaxRate.objects.create(
        jurisdiction="de-city", category=TaxRate.objects.filter(country="DE")[0].category, country="DE", percent="1.5"
    )
    session = open_session(api, "MUG", "BOOK", shipping_address=BERLIN, discount_code="TEA10")
    told(complete(api, session))
    # Then
    parts = list(IntentPart.objects.order_by("pk").values_list("kind", "reference", "jurisdiction", "amount_minor"))
    assert parts == [
        ("line", "MUG", "", 975),
        ("tax", "MUG", "de", 186),
        ("tax", "MUG", "de-city", 15),
        ("line", "BOOK", "", 1085),
        ("tax", "BOOK", "de", 76),
        ("shipping", "shipping:standard", "", 412),
        ("tax", "shipping:standard", "de", 78),
        ("tax", "shipping:standard", "de-city", 6),
    ]
    assert sum(amount for *_, amount in parts) == totals(session)["total"]
    assert [check.name for check in all_checks(now=NOW) if not check.passed] == []
    # When the book goes back, then something, then all that is left
    with transaction():
        for money, wanted in ((None, [Wanted("BOOK")]), (Money(1001, "EUR"), []), (None, [])):
            request_refund(order_reference=session["id"], money=money, parts=wanted, reason="returned", now=NOW)
    # Then each part has been paid back, to the last cent
    back = IntentPart.objects.order_by("pk").annotate(back=Sum("shares__amount_minor"))
    assert [part.back for part in back] == [amount for *_, amount in parts]
    assert list(Refund.objects.order_by("pk").values_list("amount_minor", flat=True)) == [1161, 1001, 671]


def test_what_costs_nothing_is_sold_without_a_payment(api: Api, psp: Psp) -> None:
    Discount.objects.update(percent=100)
    session = open_session(api, discount_code="TEA10")
    assert totals(session) == amounts(1290, 1290)

    paid = told(api.post(f"{SESSIONS}/{session['id']}/complete"))

    assert paid["state"] == "completed"
    assert told(api.get(f"/api/v1/orders/{paid['order']['id']}"))["payment_intent"] is None
    assert psp.requests() == 0
    assert Discount.objects.get().redeemed == 1
    assert [check.name for check in all_checks(now=NOW) if not check.passed] == []


def test_what_costs_something_is_not_sold_without_a_payment(api: Api) -> None:
    session = open_session(api)

    refusal = told(api.post(f"{SESSIONS}/{session['id']}/complete"), 409)

    assert refusal["code"] == "payment_required"
    assert read(api, session)["state"] == "ready_for_complete"


def test_a_rate_of_another_time_is_not_taken(api: Api) -> None:
    TaxRate.objects.filter(country="DE").update(valid_until=NOW.replace(year=2020))

    assert open_session(api, shipping_address=BERLIN)["taxes"] == []
