"""Put another variant of a product up for sale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.models import Price, Product, StockItem
from checkout.receive_stock import receive


@dataclass(frozen=True, slots=True)
class NewVariant:
    """What is to be sold: ``prices`` in minor units by currency, and the units of its first delivery."""

    sku: str
    prices: Mapping[str, int]
    on_hand: int
    name: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    weight_grams: int = 0


@transaction_required
def add_variant(*, product: Product, variant: NewVariant, reference: str, now: datetime) -> None:
    """Write the variant with its prices and its first delivery, under the delivery's reference."""
    row = product.variants.create(
        sku=variant.sku, name=variant.name, options=dict(variant.options), weight_grams=variant.weight_grams
    )
    Price.objects.bulk_create(
        Price(variant=row, currency=currency, unit_amount_minor=amount) for currency, amount in variant.prices.items()
    )
    StockItem.objects.create(variant=row)
    receive(sku=variant.sku, quantity=variant.on_hand, reference=reference, now=now)
