"""What each line of a cart costs, before discount, and which taxes are on it. Reads rows; changes nothing."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from checkout.models import Variant
from checkout.places import Place
from checkout.pricing.basket import TaxRate as Rate
from exactly_once.errors import FieldError
from exactly_once.prepared import fetch_all_prepared, text_array

# Of each SKU that is for sale in this currency; it has one price (price_one_at_a_time). Without a country: no taxes.
_PRICES = """
SELECT
    v.id,
    v.sku,
    p.name || ' ' || v.name,
    c.unit_amount_minor,
    v.weight_grams,
    (
        SELECT coalesce(sum(s.on_hand - s.reserved), 0)::bigint
        FROM checkout_stockitem AS s
        INNER JOIN checkout_stocklocation AS l ON l.id = s.location_id
        WHERE s.variant_id = v.id AND l.active
    ),
    (
        SELECT
            jsonb_agg(
                jsonb_build_array(t.jurisdiction, t.percent::text, t.inclusive) ORDER BY t.region, t.jurisdiction
            )
        FROM checkout_taxrate AS t
        WHERE
            t.category_id = p.tax_category_id
            AND t.country = %(country)s
            AND (t.region = '' OR upper(t.region) = upper(%(region)s))
            AND (t.valid_from IS NULL OR t.valid_from <= %(now)s)
            AND (t.valid_until IS NULL OR t.valid_until > %(now)s)
    )
FROM checkout_variant AS v
INNER JOIN checkout_product AS p ON p.id = v.product_id
INNER JOIN checkout_price AS c ON c.variant_id = v.id
WHERE
    v.sku = ANY(%(skus)s::text [])
    AND v.active
    AND p.active
    AND c.currency = %(currency)s
    AND (c.valid_from IS NULL OR c.valid_from <= %(now)s)
    AND (c.valid_until IS NULL OR c.valid_until > %(now)s)
"""


@dataclass(frozen=True, slots=True)
class LineItem:
    """What a client asks for."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line at today's price, in minor units; ``index``: which of the items it is.

    ``free``: as many units are, at this moment. ``rates``: its country's first, then its region's.
    """

    index: int
    variant_id: int
    sku: str
    name: str
    quantity: int
    unit_amount_minor: int
    weight_grams: int
    free: int
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class _Priced:
    variant_id: int
    sku: str
    name: str
    unit_amount_minor: int
    weight_grams: int
    free: int
    rates: tuple[Rate, ...]


def price_lines(
    *, currency: str, items: Sequence[LineItem], place: Place, now: datetime
) -> tuple[list[PricedLine], list[FieldError]]:
    """Price every line as of ``now``, in the order given; return those that have a price, and why others have none.

    The codes are ``unknown_sku``, ``no_price_in_currency`` and ``duplicate_sku``.
    """
    skus = [item.sku for item in items]
    prices = _prices(skus, currency, place, now)
    unpriced = _for_sale(set(skus) - prices.keys())
    errors: list[FieldError] = []
    lines: list[PricedLine] = []
    for index, item in enumerate(items):
        repeated = item.sku in skus[:index]
        if item.sku in prices and not repeated:
            lines.append(_priced(index, prices[item.sku], item))
        else:
            is_known = item.sku in prices or item.sku in unpriced
            problem = _problem(item, currency, is_known=is_known, repeated=repeated)
            errors.append(FieldError(f"/line_items/{index}/sku", *problem))
    return lines, errors


def _prices(skus: Sequence[str], currency: str, place: Place, now: datetime) -> dict[str, _Priced]:
    asked = {
        "skus": text_array(skus),
        "currency": currency,
        "country": place.country,
        "region": place.region,
        "now": now,
    }
    rows = fetch_all_prepared(_PRICES, asked)
    return {
        sku: _Priced(key, sku, name.strip(), minor, grams, free, _rates(taxes))
        for key, sku, name, minor, grams, free, taxes in rows
    }


def _rates(taxes: str | None) -> tuple[Rate, ...]:
    return tuple(Rate(where, Decimal(percent), inclusive) for where, percent, inclusive in json.loads(taxes or "[]"))


def _for_sale(skus: Collection[str]) -> set[str]:
    if not skus:
        return set()
    known = Variant.objects.filter(sku__in=skus, active=True, product__active=True)
    return set(known.values_list("sku", flat=True))


def _problem(item: LineItem, currency: str, *, is_known: bool, repeated: bool) -> tuple[str, str]:
    if not is_known:
        return "unknown_sku", f"There is no product with the SKU {item.sku!r}."
    if repeated:
        return "duplicate_sku", f"{item.sku!r} stands in an earlier line: add the quantities up."
    return "no_price_in_currency", f"{item.sku!r} has no price in {currency}."


def _priced(index: int, price: _Priced, item: LineItem) -> PricedLine:
    return PricedLine(
        index=index,
        variant_id=price.variant_id,
        sku=price.sku,
        name=price.name,
        quantity=item.quantity,
        unit_amount_minor=price.unit_amount_minor,
        weight_grams=item.quantity * price.weight_grams,
        free=price.free,
        rates=price.rates,
    )
