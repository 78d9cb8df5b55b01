"""What a cart costs. Reads prices; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from checkout.errors import UnableToPrice
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
    """A line at today's price, in minor units."""

    variant_id: int
    sku: str
    name: str
    quantity: int
    unit_amount_minor: int

    @property
    def total_minor(self) -> int:
        """The line's amount."""
        return self.quantity * self.unit_amount_minor


def price_lines(*, currency: str, items: Sequence[LineItem], now: datetime) -> list[PricedLine]:
    """Price every line as of ``now``, in the order given.

    :raises UnableToPrice: with one entry per line: ``unknown_sku``, ``no_price_in_currency``, ``duplicate_sku``.
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
        lines.append(_priced(variants[item.sku], item))
    if errors:
        raise UnableToPrice(code="invalid_input", detail="The cart cannot be priced.", fields=tuple(errors))
    return lines


def _problem(variant: Variant | None, item: LineItem, currency: str, *, repeated: bool) -> tuple[str, str] | None:
    if variant is None:
        return "unknown_sku", f"There is no product with the SKU {item.sku!r}."
    if repeated:
        return "duplicate_sku", f"{item.sku!r} stands in an earlier line: add the quantities up."
    if not variant.prices.all():
        return "no_price_in_currency", f"{item.sku!r} has no price in {currency}."
    return None


def _priced(variant: Variant, item: LineItem) -> PricedLine:
    (price,) = variant.prices.all()  # price_one_at_a_time
    name = f"{variant.product.name} {variant.name}".strip()
    return PricedLine(variant.pk, variant.sku, name, item.quantity, price.unit_amount_minor)
