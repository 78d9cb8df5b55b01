"""What the catalog refuses, and which price holds when."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from checkout.models import Price, Variant
from checkout.places import Place
from checkout.price_lines import LineItem, price_lines
from tests.factories import NOW, VariantFactory

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def mug() -> Variant:
    """A variant with a price in Swiss francs: CHF 10 from now for a day."""
    mug = VariantFactory.create()
    price(mug, 1000, NOW, NOW + DAY)
    return mug


def price(
    variant: Variant, amount: int, since: datetime | None, until: datetime | None, currency: str = "CHF"
) -> Price:
    return Price.objects.create(
        variant=variant, currency=currency, unit_amount_minor=amount, valid_from=since, valid_until=until
    )


def prices_of(variant: Variant, when: datetime) -> list[int]:
    lines, errors = price_lines(currency="CHF", items=[LineItem(variant.sku, 1)], place=Place(""), now=when)
    assert errors == []
    return [line.unit_amount_minor for line in lines]


def refusal(**values: Any) -> str | None:
    """Return which constraint refuses a price."""
    try:
        with atomic():
            Price.objects.create(**{"currency": "CHF", "unit_amount_minor": 900, **values})
    except IntegrityError as error:
        return str(error.__cause__.diag.constraint_name)  # type: ignore[union-attr]  # psycopg's
    return None


@pytest.mark.parametrize(
    ("since", "until"),
    [(None, None), (NOW, None), (None, NOW + DAY), (NOW - DAY, NOW + timedelta(microseconds=1)), (NOW, NOW + DAY)],
)
def test_two_prices_of_a_currency_never_hold_at_once(mug: Variant, since: datetime, until: datetime) -> None:
    assert refusal(variant=mug, valid_from=since, valid_until=until) == "price_one_at_a_time"


def test_one_price_ends_where_the_next_begins_and_other_currencies_are_free(mug: Variant) -> None:
    price(mug, 1100, None, NOW)
    price(mug, 1200, NOW + DAY, None)
    price(mug, 1100, NOW, NOW + DAY, "JPY")
    price(VariantFactory.create(), 1100, NOW, NOW + DAY)

    found = [prices_of(mug, when) for when in (NOW - DAY, NOW, NOW + DAY - timedelta(microseconds=1), NOW + DAY)]
    assert found == [[1100], [1000], [1000], [1200]]


def test_a_price_that_holds_no_longer_prices_nothing(mug: Variant) -> None:
    lines, errors = price_lines(currency="CHF", items=[LineItem(mug.sku, 1)], place=Place(""), now=NOW + DAY)

    assert lines == []
    assert [(error.pointer, error.code) for error in errors] == [("/line_items/0/sku", "no_price_in_currency")]


def test_a_variant_or_product_that_is_not_for_sale_cannot_be_priced(mug: Variant) -> None:
    for row in (mug, mug.product):
        row.active = False
        row.save()
        lines, errors = price_lines(currency="CHF", items=[LineItem(mug.sku, 1)], place=Place(""), now=NOW)
        assert (lines, [error.code for error in errors]) == ([], ["unknown_sku"])
        row.active = True
        row.save()

    assert prices_of(mug, NOW) == [1000]


def test_no_price_is_worth_nothing_ends_before_it_begins_or_undercuts_itself(mug: Variant) -> None:
    later = {"variant": mug, "valid_from": NOW + DAY}

    assert refusal(**later, unit_amount_minor=0) == "price_positive"
    assert refusal(**later, valid_until=NOW) == "price_ends_after_it_begins"
    assert refusal(**later, compare_at_minor=900) == "price_below_compare_at"
    assert refusal(**later, compare_at_minor=901) is None


def test_variants_of_a_product_differ_in_their_options(mug: Variant) -> None:
    Variant.objects.create(product=mug.product, sku="M", options={"size": "M"})

    with pytest.raises(IntegrityError, match="variant_options_once"), atomic():
        Variant.objects.create(product=mug.product, sku="M2", options={"size": "M"})
    with pytest.raises(IntegrityError, match="variant_weight_not_negative"), atomic():
        Variant.objects.create(product=mug.product, sku="L", options={"size": "L"}, weight_grams=-1)
