"""What is taxed alike, and how much where."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from checkout.models.places import country_field, region_field
from checkout.models.validity import HoldsForATime, TsTzRange


class TaxCategory(models.Model):
    """A kind of goods or services that tax laws tell apart, such as books or food; each region sets its rates."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)

    class Meta:
        verbose_name_plural = "tax categories"

    def __str__(self) -> str:
        return self.code


class TaxRate(HoldsForATime):
    """What a jurisdiction takes of goods of one category that are sent to a place. All that fit a place add up."""

    jurisdiction = models.CharField(
        max_length=32,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", "Small letters and digits, such as de or us-ca.")],
        help_text="Whom the tax is owed to; part of the ledger's account.",
    )
    category = models.ForeignKey(TaxCategory, on_delete=models.PROTECT, related_name="rates")
    country = country_field()
    region = region_field()
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    inclusive = models.BooleanField(default=False, help_text="Whether prices have it in them.")

    class Meta(HoldsForATime.Meta):
        constraints = [
            *HoldsForATime.Meta.constraints,
            ExclusionConstraint(
                name="taxrate_one_at_a_time",
                expressions=[
                    ("jurisdiction", RangeOperators.EQUAL),
                    ("category", RangeOperators.EQUAL),
                    (TsTzRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="The jurisdiction has another rate for this category at that time.",
            ),
            models.CheckConstraint(
                name="taxrate_is_a_percentage",
                condition=Q(percent__range=(0, 100)),
                violation_error_message="A percentage is from 0 to 100.",
            ),
        ]
        indexes = [models.Index(name="taxrate_by_place", fields=["country", "category"])]

    def __str__(self) -> str:
        return f"{self.jurisdiction} {self.percent.normalize():f} % of {self.category}"
