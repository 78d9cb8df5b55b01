"""Put something new up for sale."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.text import slugify
from django_subatomic.db import transaction_required

from checkout.models import Price, Product, StockItem, TaxCategory, Variant
from checkout.receive_stock import receive

GENERAL = "general"  # the tax category of what has none of its own


@transaction_required
def add_product(
    *,
    sku: str,
    name: str,
    description: str,
    prices: Mapping[str, int],
    on_hand: int,
    reference: str,
    now: datetime,
    weight_grams: int = 0,
    tax_category: str = GENERAL,
    image_url: str = "",
) -> None:
    """Write a product of one variant with its prices (minor units by currency) and its first delivery of units."""
    category, _ = TaxCategory.objects.get_or_create(code=tax_category, defaults={"name": tax_category.capitalize()})
    product = Product.objects.create(
        slug=slugify(f"{name} {sku}"), name=name, description=description, tax_category=category, created_at=now
    )
    if image_url:
        product.images.create(url=image_url, alt=name)
    variant = Variant.objects.create(product=product, sku=sku, weight_grams=weight_grams)
    Price.objects.bulk_create(
        Price(variant=variant, currency=currency, unit_amount_minor=amount) for currency, amount in prices.items()
    )
    StockItem.objects.create(variant=variant)
    receive(sku=sku, quantity=on_hand, reference=reference, now=now)
