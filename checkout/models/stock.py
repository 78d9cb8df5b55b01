"""What is on the shelf, what of it is spoken for, and every movement that made it so."""

from django.db import models
from django.db.models import F, Q

from checkout.models.catalog import Variant
from checkout.states import ReservationState
from exactly_once.append_only import append_only


class StockItem(models.Model):
    """Units of a variant at a location. ``0 <= reserved <= on_hand``: the database refuses to oversell."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="stock")
    location = models.CharField(max_length=64, default="main")
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="stock_item_one_per_location", fields=["variant", "location"]),
            models.CheckConstraint(
                name="stock_item_never_oversold", condition=Q(reserved__gte=0) & Q(reserved__lte=F("on_hand"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant} at {self.location}"


class Reservation(models.Model):
    """Units of a stock item that are spoken for by one checkout session."""

    stock_item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="reservations")
    session = models.ForeignKey("checkout.CheckoutSession", on_delete=models.PROTECT, related_name="reservations")
    quantity = models.IntegerField()
    state = models.CharField(max_length=16, default=ReservationState.HELD)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="reservation_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="reservation_state_known", condition=Q(state__in=[str(state) for state in ReservationState])
            ),
            models.UniqueConstraint(
                name="reservation_one_live",
                fields=["session", "stock_item"],
                condition=Q(state__in=["held", "committed"]),
            ),
        ]
        indexes = [models.Index(name="reservation_held_until", fields=["expires_at"], condition=Q(state="held"))]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.stock_item}"


class StockMovement(models.Model):
    """One change of a stock item. Append-only: ``on_hand`` and ``reserved`` are the sums of these."""

    stock_item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=16)
    on_hand_delta = models.BigIntegerField(default=0)
    reserved_delta = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.kind} {self.stock_item}"
