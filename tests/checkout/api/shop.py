"""A shop with taxes, shipping options and a discount, as its API's clients see it."""

import json
from typing import Any

from django.http import HttpResponse
from django_subatomic.db import transaction

from checkout.models import Variant
from ledger.accounts import open_book
from tests.api import Api
from tests.factories import (
    NOW,
    DiscountFactory,
    ShippingOptionFactory,
    ShippingPriceFactory,
    TaxCategoryFactory,
    TaxRateFactory,
    VariantFactory,
)

SESSIONS = "/api/v1/checkout-sessions"
BERLIN = {"line1": "Torstr. 1", "city": "Berlin", "country": "DE"}
LOS_ANGELES = {"city": "Los Angeles", "region": "ca", "country": "US"}
ADA = {"email": "ada@example.com"}


def furnish() -> Variant:
    """Open the shop: a mug of 300 g for EUR 12.90 and USD 13.90, a book of 500 g, and all that they are priced by."""
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    mug = VariantFactory.create(sku="MUG", weight_grams=300)
    books = TaxCategoryFactory.create(code="books")
    VariantFactory.create(sku="BOOK", weight_grams=500, product__tax_category=books)
    TaxRateFactory.create()
    TaxRateFactory.create(category=books, percent=7)
    us = {"country": "US", "inclusive": False}
    TaxRateFactory.create(jurisdiction="us-ca", region="CA", percent=6, **us)
    TaxRateFactory.create(jurisdiction="us-ca-la", region="CA", percent="3.5", **us)
    express = ShippingOptionFactory.create(code="express", name="Express", position=1)
    ShippingPriceFactory.create(country="DE", weight_until_grams=1000)
    ShippingPriceFactory.create(country="DE", weight_from_grams=1000, weight_until_grams=5000, amount_minor=790)
    ShippingPriceFactory.create(amount_minor=1490)
    ShippingPriceFactory.create(currency="USD", amount_minor=1690)
    ShippingPriceFactory.create(option=express, country="DE", amount_minor=1190)
    DiscountFactory.create()
    return mug


def told(answer: HttpResponse, status: int = 200) -> dict[str, Any]:
    """Return the body of an answer that is to have this status."""
    assert answer.status_code == status, answer.content
    body = json.loads(answer.content)
    assert isinstance(body, dict)
    return body


def open_session(api: Api, *skus: str, currency: str = "EUR", **terms: Any) -> dict[str, Any]:
    """Open a session of one unit each."""
    items = [{"sku": sku, "quantity": 1} for sku in skus or ["MUG"]]
    return told(api.post(SESSIONS, {"currency": currency, "line_items": items, "buyer": ADA, **terms}), 201)


def patch(api: Api, session: dict[str, Any], **change: Any) -> dict[str, Any]:
    """Change a session."""
    return told(api.request("PATCH", f"{SESSIONS}/{session['id']}", change))


def read(api: Api, session: dict[str, Any]) -> dict[str, Any]:
    """Read a session."""
    return told(api.get(f"{SESSIONS}/{session['id']}"))


def complete(api: Api, session: dict[str, Any], **body: Any) -> HttpResponse:
    """Pay for a session."""
    return api.post(f"{SESSIONS}/{session['id']}/complete", {"payment": {"token": "pm_card_visa"}, **body})


def totals(session: dict[str, Any]) -> dict[str, int]:
    """Return the totals by their type, and see that they add up."""
    found = {total["type"]: total["amount_minor"] for total in session["totals"]}
    assert found["total"] == found["subtotal"] - found["discount"] + found["fulfillment"] + found["tax"]
    return found


def said(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (type, code, pointer) of each message."""
    return [(message["type"], message["code"], message["pointer"]) for message in body["messages"]]
