"""What has become of an order: shipments, cancellations and returns. Append-only; amounts are in its currency."""

from django.db import models
from django.db.models import Q

from checkout.models.order import Order, OrderLine
from checkout.models.order_triggers import counted, event_of_its_parts, event_within_order
from checkout.models.stock import StockLocation
from checkout.states import Disposition
from exactly_once.append_only import append_only


class OrderEvent(models.Model):
    """What a shipment, a cancellation and a return have in common.

    ``parts`` are of the payment: kind, reference, jurisdiction, amount_minor each; ``amount_minor`` is their sum.
    """

    public_id = models.CharField(max_length=40, unique=True)
    amount_minor = models.BigIntegerField()
    parts = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(name="%(class)s_amount_not_negative", condition=Q(amount_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return self.public_id


class OrderEventLine(models.Model):
    """Units of a line of the order."""

    quantity = models.IntegerField()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(name="%(class)s_quantity_positive", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.order_line}"  # type: ignore[attr-defined]  # each kind has one


class Shipment(OrderEvent):
    """Goods have left. ``parts`` are earned by it; ``capture`` is asked for by it, where the payment was held."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    carrier = models.CharField(max_length=64, blank=True)
    tracking_number = models.CharField(max_length=64, blank=True)
    tracking_url = models.URLField(max_length=2048, blank=True)
    capture = models.CharField(max_length=40, blank=True)

    class Meta(OrderEvent.Meta):
        triggers = [append_only(), event_of_its_parts(), event_within_order()]


class ShipmentLine(OrderEventLine):
    """Units that left a location."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipped_units")
    location = models.ForeignKey(StockLocation, on_delete=models.PROTECT, related_name="+")

    class Meta(OrderEventLine.Meta):
        triggers = [append_only(), counted(column="shipped", event="checkout_shipment", owner="shipment_id")]


class Cancellation(OrderEvent):
    """Units that will not be sent. Their money goes back (``refund``), or is not taken: of that are the ``parts``."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="cancellations")
    reason = models.CharField(max_length=64, blank=True)
    refund = models.CharField(max_length=40, blank=True)

    class Meta(OrderEvent.Meta):
        triggers = [append_only(), event_of_its_parts(), event_within_order()]


class CancellationLine(OrderEventLine):
    """Units that are canceled."""

    cancellation = models.ForeignKey(Cancellation, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="canceled_units")

    class Meta(OrderEventLine.Meta):
        triggers = [append_only(), counted(column="canceled", event="checkout_cancellation", owner="cancellation_id")]


class Return(OrderEvent):
    """Goods came back. ``amount_minor`` is what is paid back for them by ``refund``, if that was wanted."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    reason = models.CharField(max_length=64, blank=True)
    refund = models.CharField(max_length=40, blank=True)

    class Meta(OrderEvent.Meta):
        triggers = [append_only(), event_of_its_parts()]


class ReturnLine(OrderEventLine):
    """Units that came back to a location, and what becomes of them there."""

    returned_in = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="returned_units")
    disposition = models.CharField(max_length=16)
    location = models.ForeignKey(StockLocation, on_delete=models.PROTECT, related_name="+")

    class Meta(OrderEventLine.Meta):
        constraints = [
            *OrderEventLine.Meta.constraints,
            models.CheckConstraint(
                name="returnline_disposition_known", condition=Q(disposition__in=[str(each) for each in Disposition])
            ),
        ]
        triggers = [append_only(), counted(column="returned", event="checkout_return", owner="returned_in_id")]
