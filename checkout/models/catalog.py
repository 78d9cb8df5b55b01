"""What is for sale, and for how much."""

from django.db import models
from django.db.models import Q


class Product(models.Model):
    """Something for sale, in one or more variants."""

    public_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """What a buyer puts into the cart: a product's size, colour or edition, by its SKU."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.sku


class Price(models.Model):
    """A variant's unit price in one currency, in minor units."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3)
    unit_amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="price_one_per_currency", fields=["variant", "currency"]),
            models.CheckConstraint(name="price_positive", condition=Q(unit_amount_minor__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.variant}: {self.currency} {self.unit_amount_minor}"
