"""What each line of a cart costs, before discount and taxes. Reads prices; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

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
    variants = {
        variant.sku: variant
        for variant in Variant.objects.filter(sku__in=skus, active=True, product__active=True)
        .select_related("product")
        .prefetch_related(Prefetch("prices", Price.objects.filter(valid_at(now), currency=currency)))
    }
    errors: list[FieldError] = []
    lines: list[PricedLine] = []
    for index, item in enumerate(items):
        problem = _problem(variants.get(item.sku), item, currency, repeated=item.sku in skus[:index])
        if problem is not None:
            errors.append(FieldError(f"/line_items/{index}/sku", *problem))
            continue
        lines.append(_priced(index, variants[item.sku], item))
    return lines, errors


def _problem(variant: Variant | None, item: LineItem, currency: str, *, repeated: bool) -> tuple[str, str] | None:
    if variant is None:
        return "unknown_sku", f"There is no product with the SKU {item.sku!r}."
    if repeated:
        return "duplicate_sku", f"{item.sku!r} stands in an earlier line: add the quantities up."
    if not variant.prices.all():
        return "no_price_in_currency", f"{item.sku!r} has no price in {currency}."
    return None


def _priced(index: int, variant: Variant, item: LineItem) -> PricedLine:
    (price,) = variant.prices.all()  # price_one_at_a_time
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
