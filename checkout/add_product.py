"""Put something new up for sale."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.text import slugify
from django_subatomic.db import transaction_required

from checkout.add_variant import NewVariant, add_variant
from checkout.models import Product, TaxCategory

GENERAL = "general"  # the tax category of what has none of its own


@transaction_required
def add_product(
    *, sku: str, name: str, description: str, prices: Mapping[str, int], on_hand: int, reference: str, now: datetime
) -> None:
    """Write a product of one variant with its prices (minor units by currency) and its first delivery of units."""
    category, _ = TaxCategory.objects.get_or_create(code=GENERAL, defaults={"name": "General"})
    product = Product.objects.create(
        slug=slugify(f"{name} {sku}"), name=name, description=description, tax_category=category, created_at=now
    )
    add_variant(product=product, variant=NewVariant(sku, prices, on_hand), reference=reference, now=now)
