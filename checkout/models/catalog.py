"""What is for sale, and for how much."""

from functools import partial

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from checkout.models.currency import validate_currency
from checkout.models.tax import TaxCategory
from checkout.models.validity import HoldsForATime, TsTzRange
from checkout.states import LatePaymentPolicy
from exactly_once.public_ids import new_public_id

# Words as they stand: a shop has names in many languages, and whoever types half a word means the whole.
PRODUCT_WORDS = SearchVector("name", "description", config="simple")


class Product(models.Model):
    """Something for sale, in one or more variants."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_public_id, "prod"), editable=False)
    slug = models.SlugField(max_length=200, unique=True, help_text="Its name in addresses.")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    tax_category = models.ForeignKey(TaxCategory, on_delete=models.PROTECT, related_name="products")
    active = models.BooleanField(default=True, help_text="Whether it is for sale.")
    late_payment_policy = models.CharField(
        max_length=16,
        default=LatePaymentPolicy.SELL_AGAIN,
        choices=[(policy, policy.replace("_", " ")) for policy in LatePaymentPolicy],
        help_text="A payment comes after its units went back to the shelf: sell again while there are any, or refund.",
    )
    metadata = models.JSONField(default=dict, blank=True, help_text="Yours: Tally only shows it.")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="product_late_payment_policy_known",
                condition=Q(late_payment_policy__in=[str(policy) for policy in LatePaymentPolicy]),
            ),
        ]
        indexes = [GinIndex(PRODUCT_WORDS, name="product_search")]

    def __str__(self) -> str:
        return self.name


class ProductImage(models.Model):
    """A picture of a product: where it is, and what it shows for those who cannot see it."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    url = models.CharField(
        "URL",
        max_length=2048,
        validators=[RegexValidator(r"^(https://|/)\S+$", "An https:// address, or a path of this server.")],
    )
    alt = models.CharField(max_length=200, blank=True, help_text="What it shows.")
    position = models.SmallIntegerField(default=0, help_text="Lower comes first.")

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.url


class Variant(models.Model):
    """What a buyer puts into the cart: a product's size, colour or edition, by its SKU."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField("SKU", max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict, blank=True, help_text='What tells it from the others: {"size": "M"}.')
    weight_grams = models.IntegerField(default=0, help_text="With its packing. 0: nothing is shipped.")
    active = models.BooleanField(default=True, help_text="Whether it is for sale.")

    class Meta:
        constraints = [
            models.CheckConstraint(name="variant_weight_not_negative", condition=Q(weight_grams__gte=0)),
            models.UniqueConstraint(
                name="variant_options_once",
                fields=["product", "options"],
                violation_error_message="Another variant of this product has the same options.",
            ),
        ]

    def __str__(self) -> str:
        return self.sku


class Price(HoldsForATime):
    """A variant's unit price in one currency, in minor units, for a time; at any time there is one at most."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3, validators=[validate_currency])
    unit_amount_minor = models.BigIntegerField(help_text="Minor units: EUR 12.90 is 1290.")
    compare_at_minor = models.BigIntegerField(null=True, blank=True, help_text="The price that it is lower than.")

    class Meta(HoldsForATime.Meta):
        constraints = [
            *HoldsForATime.Meta.constraints,
            ExclusionConstraint(
                name="price_one_at_a_time",
                expressions=[
                    ("variant", RangeOperators.EQUAL),
                    ("currency", RangeOperators.EQUAL),
                    (TsTzRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="The variant has another price in this currency at that time.",
            ),
            models.CheckConstraint(name="price_positive", condition=Q(unit_amount_minor__gt=0)),
            models.CheckConstraint(
                name="price_below_compare_at",
                condition=Q(compare_at_minor=None) | Q(compare_at_minor__gt=F("unit_amount_minor")),
                violation_error_message="compare_at_minor is above the price.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant}: {self.currency} {self.unit_amount_minor}"
