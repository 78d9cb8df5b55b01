"""Prices, taxes, shipping and stock change under an open session: the buyer is told, and pays what was shown."""

from collections.abc import Callable
from typing import Any

import pytest

from checkout.models import (
    CheckoutSession,
    Discount,
    Order,
    Price,
    Product,
    Reservation,
    ShippingOption,
    ShippingPrice,
    TaxRate,
)
from config.verification import all_checks
from payments.models import Attempt
from tests.api import Api
from tests.checkout.api.shop import (
    BERLIN,
    LOS_ANGELES,
    complete,
    furnish,
    open_session,
    patch,
    read,
    said,
    told,
    totals,
)
from tests.checkout.shelves import adjust
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = ("warning", "price_changed", "/line_items/0/unit_amount_minor")
TOTAL = ("warning", "total_changed", "/totals")


@pytest.fixture
def api() -> Api:
    furnish()
    return Api("checkout")


def raise_prices() -> None:
    Price.objects.update(unit_amount_minor=1490)


def nothing_was_tried(psp: Psp) -> bool:
    return psp.requests() == Attempt.objects.count() == Order.objects.count() == Reservation.objects.count() == 0


def test_a_new_price_is_told_of_and_refused_until_the_buyer_has_seen_it(api: Api, psp: Psp) -> None:
    # Given
    session = open_session(api, shipping_address=BERLIN)
    raise_prices()
    # When somebody looks
    looked = read(api, session)
    # Then the total is that which was shown, with what has changed
    assert (looked["totals"], said(looked)) == (session["totals"], [PRICE, TOTAL])
    assert [message["detail"] for message in looked["messages"]] == [
        "MUG costs EUR 14.90 now.",
        "It comes to EUR 19.80 now; it was EUR 17.80.",
    ]
    # When somebody pays
    answer = complete(api, session)
    # Then nothing is tried, and the new total is told
    refusal = told(answer, 409)
    assert (refusal["code"], refusal["checkout_session"]) == ("session_changed", session["id"])
    assert (said(refusal), totals(refusal)["total"]) == ([PRICE, TOTAL], 1980)
    assert nothing_was_tried(psp)
    # And the session is what it says
    shown = read(api, session)
    assert (totals(shown)["total"], shown["messages"], shown["state"]) == (1980, [], "ready_for_complete")
    assert told(complete(api, session))["state"] == "completed"
    assert [captured for _, captured, _ in psp.charges()] == [1980]


def test_the_refusal_is_kept_under_its_key(api: Api, psp: Psp) -> None:
    session = open_session(api)
    raise_prices()
    path, body = f"/api/v1/checkout-sessions/{session['id']}/complete", {"payment": {"token": "pm_card_visa"}}

    first = api.post(path, body, **{"Idempotency-Key": "k"})
    again = api.post(path, body, **{"Idempotency-Key": "k"})

    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (409, first.content, "true")
    assert nothing_was_tried(psp)


def test_an_empty_change_takes_the_new_price(api: Api, psp: Psp) -> None:
    session = open_session(api)
    raise_prices()

    changed = patch(api, session)

    assert (totals(changed)["total"], changed["messages"]) == (1490, [])
    assert told(complete(api, session))["state"] == "completed"


CHANGES: dict[str, tuple[Callable[[], object], dict[str, Any]]] = {
    "a tax on top": (
        lambda: TaxRate.objects.filter(country="US").update(percent=9),
        {"currency": "USD", "shipping_address": LOS_ANGELES},
    ),
    "what it costs to send": (
        lambda: ShippingPrice.objects.update(amount_minor=500),
        {"shipping_address": BERLIN},
    ),
    "how it can be sent": (
        lambda: ShippingOption.objects.filter(code="standard").update(active=False),
        {"shipping_address": BERLIN},
    ),
    "a discount that is over": (
        lambda: Discount.objects.update(valid_until=NOW.replace(year=2020)),
        {"discount_code": "TEA10"},
    ),
    "a discount that is larger": (lambda: Discount.objects.update(percent=20), {"discount_code": "TEA10"}),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_whatever_changes_the_total_is_refused_until_it_was_seen(api: Api, psp: Psp, what: str) -> None:
    change, terms = CHANGES[what]
    session = open_session(api, **terms)
    change()

    refusal = told(complete(api, session), 409)

    assert refusal["code"] == "session_changed"
    assert TOTAL in said(refusal)
    assert totals(refusal)["total"] != totals(session)["total"]
    assert nothing_was_tried(psp)
    assert Discount.objects.get().redeemed == 0
    assert told(complete(api, session))["totals"] == refusal["totals"]
    assert [check.name for check in all_checks(now=NOW) if not check.passed] == []


def test_another_way_of_sending_is_told_of_even_for_the_same_price(api: Api, psp: Psp) -> None:
    session = open_session(api, shipping_address=BERLIN)
    ShippingPrice.objects.filter(option__code="express").update(amount_minor=490)
    ShippingOption.objects.filter(code="standard").update(active=False)

    refusal = told(complete(api, session), 409)

    assert said(refusal) == [TOTAL, ("warning", "option_unavailable", "/fulfillment_option_id")]
    assert nothing_was_tried(psp)


def test_a_tax_within_the_price_changes_what_is_owed_and_not_what_is_paid(api: Api, psp: Psp) -> None:
    session = open_session(api, shipping_address=BERLIN)
    TaxRate.objects.filter(category__code="general").update(percent=16)

    paid = told(complete(api, session))

    assert paid["totals"] == session["totals"]
    assert [(tax["percent"], tax["amount_minor"]) for tax in paid["taxes"]] == [("16", 246)]
    assert [check.name for check in all_checks(now=NOW) if not check.passed] == []


def test_what_is_no_longer_for_sale_has_to_be_taken_out(api: Api, psp: Psp) -> None:
    # Given
    session = open_session(api, "MUG", "BOOK")
    Product.objects.filter(variants__sku="BOOK").update(active=False)
    gone = [("error", "unknown_sku", "/line_items/1/sku")]
    assert said(read(api, session)) == gone
    # When
    refusal = told(complete(api, session), 409)
    # Then
    assert (refusal["code"], said(refusal), refusal["totals"]) == ("session_changed", gone, session["totals"])
    assert nothing_was_tried(psp)
    assert (read(api, session)["state"], said(read(api, session))) == ("incomplete", gone)
    assert told(complete(api, session), 409)["code"] == "session_incomplete"
    path = f"/api/v1/checkout-sessions/{session['id']}"
    assert told(api.request("PATCH", path, {"buyer": {"name": "Ada"}}), 400)["errors"][0]["code"] == "unknown_sku"
    mended = patch(api, session, line_items=[{"sku": "MUG", "quantity": 1}])
    assert (mended["state"], totals(mended)["total"]) == ("ready_for_complete", 1290)


def test_units_that_others_have_bought_are_told_of(api: Api, psp: Psp) -> None:
    session = open_session(api)
    adjust(-10, "MUG")

    assert said(read(api, session)) == [("warning", "out_of_stock", "/line_items/0/quantity")]
    assert told(complete(api, session), 409)["code"] == "out_of_stock"
    assert nothing_was_tried(psp)


def test_a_session_that_is_over_says_what_was_paid_and_nothing_of_today(api: Api, psp: Psp) -> None:
    session = open_session(api)
    paid = told(complete(api, session))
    raise_prices()

    looked = read(api, session)

    assert (looked["totals"], looked["messages"]) == (paid["totals"], [])
    assert CheckoutSession.objects.get().total_minor == 1290
