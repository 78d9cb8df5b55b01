"""Put something new up for sale."""

from collections.abc import Mapping
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.models import Price, Product, StockItem, Variant
from checkout.receive_stock import receive
from exactly_once.public_ids import new_public_id


@transaction_required
def add_product(
    *, sku: str, name: str, description: str, prices: Mapping[str, int], on_hand: int, reference: str, now: datetime
) -> None:
    """Write a product of one variant with its prices (minor units by currency) and its first delivery of units."""
    product = Product.objects.create(
        public_id=new_public_id("prod"), name=name, description=description, created_at=now
    )
    variant = Variant.objects.create(product=product, sku=sku)
    Price.objects.bulk_create(
        Price(variant=variant, currency=currency, unit_amount_minor=amount) for currency, amount in prices.items()
    )
    StockItem.objects.create(variant=variant)
    receive(sku=sku, quantity=on_hand, reference=reference, now=now)
