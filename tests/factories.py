"""Rows that tests start from."""

from datetime import UTC, datetime

import factory

from checkout.models import (
    Discount,
    Price,
    Product,
    ShippingOption,
    ShippingPrice,
    StockItem,
    StockMovement,
    TaxCategory,
    TaxRate,
    Variant,
)
from checkout.receive_stock import main_location

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class TaxCategoryFactory(factory.django.DjangoModelFactory[TaxCategory]):
    """The category ``general``, once."""

    class Meta:
        model = TaxCategory
        django_get_or_create = ("code",)

    code = "general"
    name = "General"


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    """An active product."""

    class Meta:
        model = Product

    name = factory.Sequence(lambda n: f"Product {n}")
    slug = factory.Sequence(lambda n: f"product-{n}")
    tax_category = factory.SubFactory(TaxCategoryFactory)
    created_at = NOW


class VariantFactory(factory.django.DjangoModelFactory[Variant]):
    """A variant that costs EUR 12.90 and USD 13.90, with ``on_hand`` units received."""

    class Meta:
        model = Variant
        skip_postgeneration_save = True

    product = factory.SubFactory(ProductFactory)
    sku = factory.Sequence(lambda n: f"SKU-{n}")

    @factory.post_generation
    def on_hand(self: Variant, _create: bool, extracted: int | None, **_kwargs: object) -> None:
        """Receive stock and set prices."""
        units = 10 if extracted is None else extracted
        if units:
            item = StockItem.objects.create(variant=self, location=main_location())
            StockMovement.objects.create(
                stock_item=item, kind="received", on_hand_delta=units, reference="test", created_at=NOW
            )
        Price.objects.create(variant=self, currency="EUR", unit_amount_minor=1290)
        Price.objects.create(variant=self, currency="USD", unit_amount_minor=1390)


class TaxRateFactory(factory.django.DjangoModelFactory[TaxRate]):
    """19 % in Germany, within the prices of all goods."""

    class Meta:
        model = TaxRate

    jurisdiction = "de"
    category = factory.SubFactory(TaxCategoryFactory)
    country = "DE"
    percent = 19
    inclusive = True


class ShippingPriceFactory(factory.django.DjangoModelFactory[ShippingPrice]):
    """Standard, for EUR 4.90, to everywhere."""

    class Meta:
        model = ShippingPrice

    option = factory.SubFactory("tests.factories.ShippingOptionFactory")
    currency = "EUR"
    amount_minor = 490


class ShippingOptionFactory(factory.django.DjangoModelFactory[ShippingOption]):
    """Standard."""

    class Meta:
        model = ShippingOption
        django_get_or_create = ("code",)

    code = "standard"
    name = "Standard"
    tax_category = factory.SubFactory(TaxCategoryFactory)


class DiscountFactory(factory.django.DjangoModelFactory[Discount]):
    """TEA10: 10 % off, for whoever has the code."""

    class Meta:
        model = Discount

    code = "TEA10"
    title = "10 % off"
    kind = "percent"
    percent = factory.LazyAttribute(lambda row: 10 if row.kind == "percent" else None)
