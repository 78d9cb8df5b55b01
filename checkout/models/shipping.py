"""How goods can be sent, and what that costs."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q

from checkout.models.currency import validate_currency
from checkout.models.places import country_field, region_field
from checkout.models.tax import TaxCategory


class Int4Range(Func):
    """The whole numbers from one column to another, without its end; an empty column is no bound."""

    function = "int4range"
    output_field = IntegerRangeField()


class ShippingOption(models.Model):
    """A way of sending that buyers choose, such as standard or express."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True, help_text="For buyers: how long it takes, for example.")
    tax_category = models.ForeignKey(TaxCategory, on_delete=models.PROTECT, related_name="shipping_options")
    active = models.BooleanField(default=True, help_text="Whether it is offered.")
    position = models.SmallIntegerField(default=0, help_text="Lower comes first; the first one is chosen unless told.")

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.name


class ShippingPrice(models.Model):
    """What an option costs to a place and up to a weight. The narrowest place that fits counts."""

    option = models.ForeignKey(ShippingOption, on_delete=models.CASCADE, related_name="prices")
    country = country_field(blank=True, help_text="ISO 3166-1 alpha-2; empty: everywhere.")
    region = region_field()
    currency = models.CharField(max_length=3, validators=[validate_currency])
    weight_from_grams = models.IntegerField(default=0)
    weight_until_grams = models.IntegerField(null=True, blank=True, help_text="Not included; empty: any weight.")
    amount_minor = models.BigIntegerField(help_text="Minor units: EUR 4.90 is 490.")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="shipping_price_one_per_weight",
                expressions=[
                    ("option", RangeOperators.EQUAL),
                    ("country", RangeOperators.EQUAL),
                    ("region", RangeOperators.EQUAL),
                    ("currency", RangeOperators.EQUAL),
                    (Int4Range("weight_from_grams", "weight_until_grams"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="The option has another price for this place, currency and weight.",
            ),
            models.CheckConstraint(name="shipping_price_not_negative", condition=Q(amount_minor__gte=0)),
            models.CheckConstraint(
                name="shipping_price_has_a_weight",
                condition=Q(weight_from_grams__gte=0)
                & (Q(weight_until_grams=None) | Q(weight_until_grams__gt=F("weight_from_grams"))),
            ),
            models.CheckConstraint(
                name="shipping_price_region_of_a_country",
                condition=Q(region="") | ~Q(country=""),
                violation_error_message="A region belongs to a country.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.option}: {self.currency} {self.amount_minor}"

    def clean(self) -> None:
        """Say it of the field, too: forms then spare PostgreSQL a range that runs backwards, which is none."""
        if self.weight_until_grams is not None and self.weight_until_grams <= self.weight_from_grams:
            raise ValidationError({"weight_until_grams": "weight_until_grams is above weight_from_grams."})
