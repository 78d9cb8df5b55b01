"""Put another variant of a product up for sale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.models import Price, Product, Variant
from checkout.receive_stock import main_location, receive


@dataclass(frozen=True, slots=True)
class NewVariant:
    """What is to be sold: ``prices`` in minor units by currency, ``on_hand`` units of a first delivery to `main`."""

    sku: str
    prices: Mapping[str, int]
    on_hand: int
    name: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    weight_grams: int = 0


@transaction_required
def add_variant(*, product: Product, variant: NewVariant, reference: str, now: datetime) -> Variant:
    """Write the variant with its prices and its first delivery, under the delivery's reference."""
    row = product.variants.create(
        sku=variant.sku, name=variant.name, options=dict(variant.options), weight_grams=variant.weight_grams
    )
    Price.objects.bulk_create(
        Price(variant=row, currency=currency, unit_amount_minor=amount) for currency, amount in variant.prices.items()
    )
    place = main_location().pk
    receive(variant_id=row.pk, location_id=place, quantity=variant.on_hand, reference=reference, now=now)
    return row
