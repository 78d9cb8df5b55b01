"""Where payments are sent, and which PSP accounts are left alone for a while."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from payments.models.rows import one_of
from payments.states import CircuitState

MOST_WEIGHT = 1000
MOST_BASIS_POINTS = 10_000


class RoutingRule(models.Model):
    """Payments that fit the conditions may go to this account. An empty condition fits every payment."""

    name = models.CharField(max_length=64, unique=True)
    priority = models.IntegerField(help_text="Lower comes first.")
    enabled = models.BooleanField(default=True)
    currencies = ArrayField(
        models.CharField(max_length=3), default=list, blank=True, help_text="ISO 4217, with commas between; empty: all."
    )
    countries = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        help_text="Of the buyer: ISO 3166-1 alpha-2, with commas between; empty: all, and payments that do not say.",
    )
    card_brands = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, help_text="Such as visa, mastercard; empty: all."
    )
    least_minor = models.BigIntegerField(null=True, blank=True, help_text="Minor units of the rule's one currency.")
    most_minor = models.BigIntegerField(null=True, blank=True, help_text="Minor units of the rule's one currency.")
    psp = models.CharField("PSP", max_length=32)
    psp_account = models.CharField("PSP account", max_length=64, default="main")
    weight = models.IntegerField(
        default=100,
        help_text="The account's share among rules of the same priority; 0: only when the others cannot take it.",
    )
    cost_fixed_minor = models.IntegerField(
        default=0, help_text="What a payment costs there, in minor units of its currency."
    )
    cost_basis_points = models.IntegerField(default=0, help_text="And of each 10,000 minor units of it.")

    class Meta:
        ordering = ("priority", "name")
        constraints = [
            models.CheckConstraint(
                name="payment_routing_rule_range",
                condition=Q(least_minor__isnull=True)
                | Q(most_minor__isnull=True)
                | Q(least_minor__lte=F("most_minor")),
                violation_error_message="least_minor is at most most_minor.",
            ),
            # 1000 yen is no 1000 cents.
            models.CheckConstraint(
                name="payment_routing_rule_range_of_one_currency",
                condition=Q(least_minor__isnull=True, most_minor__isnull=True) | Q(currencies__len=1),
                violation_error_message="A rule with a range of amounts has one currency.",
            ),
            models.CheckConstraint(
                name="payment_routing_rule_shares",
                condition=Q(
                    weight__range=(0, MOST_WEIGHT),
                    cost_basis_points__range=(0, MOST_BASIS_POINTS),
                    cost_fixed_minor__gte=0,
                ),
                violation_error_message=f"weight is 0 to {MOST_WEIGHT}, cost_basis_points 0 to {MOST_BASIS_POINTS},"
                " and cost_fixed_minor at least 0.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PspCircuit(models.Model):
    """Whether a PSP account answers. No row: it always has. The state is here so that all processes agree."""

    psp = models.CharField("PSP", max_length=32)
    psp_account = models.CharField("PSP account", max_length=64)
    state = models.CharField(max_length=16, default=CircuitState.CLOSED)
    # What failed before does not count any more: the circuit has been closed since.
    counted_since = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    # When it opened, or when the last probe was sent, plus the time to wait: then one payment may try.
    probe_at = models.DateTimeField(null=True, blank=True)
    # How often it opened, or stayed open after a probe, since it was last closed.
    trips = models.IntegerField(default=0)
    reason = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name = "PSP circuit"
        constraints = [
            models.UniqueConstraint(name="payment_circuit_one_per_account", fields=["psp", "psp_account"]),
            models.CheckConstraint(name="payment_circuit_state_known", condition=one_of(CircuitState)),
            models.CheckConstraint(
                name="payment_circuit_open_until",
                condition=Q(state=CircuitState.CLOSED, probe_at__isnull=True)
                | (~Q(state=CircuitState.CLOSED) & Q(probe_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.psp} {self.psp_account}"
