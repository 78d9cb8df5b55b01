"""A buyer's way from cart to order."""

from django.db import models
from django.db.models import Q

from checkout.models.catalog import Variant
from checkout.states import RecoveryPoint, SessionState


class CheckoutSession(models.Model):
    """One cart on its way to an order; amounts are minor units of ``currency``."""

    public_id = models.CharField(max_length=40, unique=True)
    client = models.CharField(max_length=64)
    book = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=32, default=SessionState.INCOMPLETE)
    recovery_point = models.CharField(max_length=32, default=RecoveryPoint.STARTED)
    buyer_email = models.EmailField(blank=True)
    buyer_name = models.CharField(max_length=200, blank=True)
    shipping_address = models.JSONField(default=dict, blank=True)
    total_minor = models.BigIntegerField()
    next_action_url = models.URLField(max_length=2048, blank=True)
    # Why a session that had been paid for did not become an order, and the refund that made it good.
    compensation = models.CharField(max_length=64, blank=True)
    # What was bought, by whom, and when the payment began (checkout/purchase_window.py).
    purchase_hash = models.BinaryField(max_length=32, null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="session_state_known", condition=Q(state__in=[str(state) for state in SessionState])
            ),
            models.CheckConstraint(name="session_total_positive", condition=Q(total_minor__gt=0)),
        ]
        indexes = [
            models.Index(
                name="session_open_until",
                fields=["expires_at"],
                condition=Q(state__in=["incomplete", "ready_for_complete", "requires_escalation"]),
            ),
            models.Index(name="session_purchase", fields=["purchase_hash"], condition=Q(purchase_hash__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id


class SessionLine(models.Model):
    """A variant in the cart, at the price that the buyer saw."""

    session = models.ForeignKey(CheckoutSession, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT)
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=420)
    quantity = models.IntegerField()
    unit_amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="session_line_one_per_variant", fields=["session", "variant"]),
            models.CheckConstraint(name="session_line_quantity_positive", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"
