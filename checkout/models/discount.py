"""Codes that make a cart cheaper, and who has used them."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from checkout.models.currency import validate_currency
from checkout.models.validity import HoldsForATime
from checkout.state_machines import REDEMPTION
from checkout.states import LIVE_REDEMPTION_STATES, DiscountKind, RedemptionState


class Discount(HoldsForATime):
    """What a code takes off. ``redeemed`` counts the live redemptions: the database lets it pass no limit."""

    code = models.CharField(max_length=32, help_text="Buyers may write it in small letters.")
    title = models.CharField(max_length=100, help_text="For buyers, such as: 10 % off all tea.")
    kind = models.CharField(max_length=16, choices=[(kind, kind.replace("_", " ")) for kind in DiscountKind])
    percent = models.DecimalField(
        max_digits=7, decimal_places=4, null=True, blank=True, help_text="Of the goods; of a percent discount only."
    )
    active = models.BooleanField(default=True)
    limit_total = models.IntegerField(
        null=True, blank=True, help_text="How many orders may have it; empty: any number."
    )
    limit_per_customer = models.IntegerField(null=True, blank=True, help_text="How many of one buyer; likewise.")
    redeemed = models.IntegerField(default=0, editable=False)

    class Meta(HoldsForATime.Meta):
        constraints = [
            *HoldsForATime.Meta.constraints,
            models.UniqueConstraint(Upper("code"), name="discount_code_once"),
            models.CheckConstraint(
                name="discount_percent_of_its_kind",
                condition=Q(kind=DiscountKind.PERCENT, percent__isnull=False, percent__gt=0, percent__lte=100)
                | Q(kind__in=[DiscountKind.AMOUNT, DiscountKind.FREE_SHIPPING], percent=None),
                violation_error_message="A percent discount has a percentage up to 100, the others have none.",
            ),
            models.CheckConstraint(
                name="discount_within_its_limit",
                condition=Q(redeemed__gte=0) & (Q(limit_total=None) | Q(redeemed__lte=F("limit_total"))),
                violation_error_message="It has been redeemed more often than limit_total.",
            ),
            models.CheckConstraint(
                name="discount_limits_positive",
                condition=(Q(limit_total=None) | Q(limit_total__gt=0))
                & (Q(limit_per_customer=None) | Q(limit_per_customer__gt=0)),
                violation_error_message="A limit is above zero.",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class DiscountAmount(models.Model):
    """What a discount asks for and takes off in one currency, in minor units."""

    discount = models.ForeignKey(Discount, on_delete=models.CASCADE, related_name="amounts")
    currency = models.CharField(max_length=3, validators=[validate_currency])
    minimum_subtotal_minor = models.BigIntegerField(default=0, help_text="The goods come to this at least.")
    off_minor = models.BigIntegerField(null=True, blank=True, help_text="Of an amount discount only.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="discount_amount_one_per_currency", fields=["discount", "currency"]),
            models.CheckConstraint(
                name="discount_amount_not_negative",
                condition=Q(minimum_subtotal_minor__gte=0) & (Q(off_minor=None) | Q(off_minor__gt=0)),
                violation_error_message="minimum_subtotal_minor is at least 0, off_minor above it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.discount}: {self.currency}"


class DiscountRedemption(models.Model):
    """One use of a discount: held while its session is being paid, redeemed by the commit of the order.

    ``redeemer`` is who the limit per customer counts. Where there is one, each use has a slot of its own below it.
    """

    discount = models.ForeignKey(Discount, on_delete=models.PROTECT, related_name="redemptions")
    session = models.ForeignKey("checkout.CheckoutSession", on_delete=models.PROTECT, related_name="redemptions")
    redeemer = models.CharField(max_length=320)
    slot = models.IntegerField(null=True, blank=True)
    slots = models.IntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, default=RedemptionState.HELD)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="redemption_state_known", condition=Q(state__in=[str(state) for state in RedemptionState])
            ),
            models.CheckConstraint(
                name="redemption_slot_below_the_limit",
                condition=Q(slot=None, slots=None)
                | Q(slot__isnull=False, slots__isnull=False, slot__gte=0, slots__gt=F("slot")),
            ),
            models.UniqueConstraint(
                name="redemption_once_per_session",
                fields=["session"],
                condition=Q(state__in=LIVE_REDEMPTION_STATES),
            ),
            models.UniqueConstraint(
                name="redemption_slot_once",
                fields=["discount", "redeemer", "slot"],
                condition=Q(state__in=LIVE_REDEMPTION_STATES),
            ),
        ]
        triggers = [REDEMPTION.trigger(constraint="redemption_follows_table")]

    def __str__(self) -> str:
        return f"{self.discount} by {self.redeemer}"
