"""What each line of a cart costs, before discount and taxes. Reads prices; changes nothing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from checkout.models import Price, Variant
from checkout.models.validity import valid_at
from exactly_once.errors import FieldError


@dataclass(frozen=True, slots=True)
class LineItem:
    """What a client asks for."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line at today's price, in minor units; ``index``: which of the items it is."""

    index: int
    variant_id: int
    sku: str
    name: str
    quantity: int
    unit_amount_minor: int
    weight_grams: int
    category_id: int


def price_lines(
    *, currency: str, items: Sequence[LineItem], now: datetime
) -> tuple[list[PricedLine], list[FieldError]]:
    """Price every line as of ``now``, in the order given; return those that have a price, and why others have none.

    The codes are ``unknown_sku``, ``no_price_in_currency`` and ``duplicate_sku``.
    """
    skus = [item.sku for item in items]
    prices = _prices(skus, currency, now)
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


def _prices(skus: Sequence[str], currency: str, now: datetime) -> dict[str, Price]:
    """Return the price of each SKU that is for sale in this currency; there is one (price_one_at_a_time)."""
    of_now = Price.objects.filter(valid_at(now), currency=currency, variant__sku__in=skus)
    for_sale = of_now.filter(variant__active=True, variant__product__active=True)
    return {price.variant.sku: price for price in for_sale.select_related("variant__product")}


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


def _priced(index: int, price: Price, item: LineItem) -> PricedLine:
    variant = price.variant
    return PricedLine(
        index=index,
        variant_id=variant.pk,
        sku=variant.sku,
        name=f"{variant.product.name} {variant.name}".strip(),
        quantity=item.quantity,
        unit_amount_minor=price.unit_amount_minor,
        weight_grams=item.quantity * variant.weight_grams,
        category_id=variant.product.tax_category_id,
    )
