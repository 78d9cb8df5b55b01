"""The sample shop is complete, fits its own rules, and is loaded once."""

import pytest
from django.contrib.staticfiles import finders

from checkout.models import Discount, Price, Product, ShippingPrice, StockMovement, TaxRate, Variant
from checkout.price_cart import Asked, price_cart
from checkout.price_lines import LineItem
from checkout.pricing.breakdown import Totals
from checkout.sample_goods import SAMPLES
from checkout.sample_shop import load_sample_shop
from tests.api import everything
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop() -> None:
    load_sample_shop(now=NOW)


def totals(sku: str, quantity: int = 1, **asked: object) -> Totals:
    priced = price_cart(asked=Asked(items=[LineItem(sku, quantity)], **asked), now=NOW)  # type: ignore[arg-type]  # as written
    assert priced.payable
    return priced.breakdown.totals


def test_every_sample_can_be_bought_in_both_currencies_and_seen() -> None:
    assert (Product.objects.count(), Variant.objects.count(), Price.objects.count()) == (14, 15, 30)
    for product in Product.objects.all():
        [image] = product.images.all()
        assert finders.find(image.url.removeprefix("/static/")), image.url
    for sample in SAMPLES:
        for currency, amount in sample.prices.items():
            assert totals(sample.sku, currency=currency).total == amount


def test_germany_has_its_taxes_in_the_prices_and_california_on_top() -> None:
    assert totals("MUG-WHT", currency="EUR", address={"country": "DE"}) == Totals(950, 0, 490, 0)
    # 6 % and 1.25 % of 10.50.
    california = {"country": "US", "region": "CA"}
    assert totals("MUG-WHT", currency="USD", address=california) == Totals(1050, 0, 990, 63 + 13)
    assert totals("TEA-100", currency="USD", address=california).tax == 0
    assert totals("GFT-025", currency="EUR", address={"country": "DE"}).fulfillment == 0


def test_heavy_carts_cost_more_to_send_and_the_code_takes_ten_percent_off() -> None:
    sent = {"currency": "EUR", "address": {"country": "DE"}, "discount_code": "tea10"}

    assert totals("POT-IRN", 3, **sent) == Totals(16200, 1620, 490, 0)
    assert totals("POT-IRN", 4, **sent) == Totals(21600, 2160, 790, 0)


def test_loading_it_again_changes_nothing_and_brings_back_nothing_that_people_took_away() -> None:
    TaxRate.objects.filter(country="US").delete()
    before = everything()

    load_sample_shop(now=NOW)

    assert everything() == before
    assert (Discount.objects.count(), ShippingPrice.objects.count(), StockMovement.objects.count()) == (1, 7, 20)
