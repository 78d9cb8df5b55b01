"""What was sold. An order is written in the commit that captures or authorises its payment, if it costs anything."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from checkout.models.order_triggers import line_counts_events, order_is_paid
from checkout.models.priced import Priced, PricedLine, lines_add_up
from checkout.models.session import CheckoutSession
from checkout.state_machines import ORDER
from checkout.states import LineStatus, OrderState
from exactly_once.by_day import by_day

_LINES = {"whole": "checkout_order", "lines": "checkout_orderline", "owner": "order_id"}


class Order(Priced):
    """A paid checkout session; one order per session and per payment intent, by constraint."""

    public_id = models.CharField(max_length=40, unique=True)
    session = models.OneToOneField(CheckoutSession, on_delete=models.PROTECT, related_name="order")
    payment_intent = models.CharField(max_length=40, unique=True, null=True, blank=True)
    client = models.CharField(max_length=64)
    state = models.CharField(max_length=32, default=OrderState.CONFIRMED)
    customer = models.CharField(max_length=64, blank=True)
    buyer_email = models.EmailField()
    buyer_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    # When the last unit left; the order is completed so many days later.
    shipped_at = models.DateTimeField(null=True, blank=True)

    class Meta(Priced.Meta):
        constraints = [
            *Priced.Meta.constraints,
            models.CheckConstraint(
                name="order_state_known", condition=Q(state__in=[str(state) for state in OrderState])
            ),
            models.CheckConstraint(
                name="order_paid_unless_free",
                condition=Q(total_minor=0, payment_intent__isnull=True)
                | Q(total_minor__gt=0, payment_intent__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="order_by_client", fields=["client", "-id"]),
            models.Index(name="order_by_customer", fields=["client", "customer", "-id"], condition=~Q(customer="")),
            models.Index(F("client"), Upper("buyer_email"), F("id").desc(), name="order_by_email"),
            by_day(name="order_by_day", field="created_at"),
            models.Index(name="order_to_complete", fields=["shipped_at"], condition=Q(state=OrderState.SHIPPED)),
        ]
        triggers = [
            lines_add_up(**_LINES, of_lines=False),
            order_is_paid(),
            ORDER.trigger(constraint="order_follows_table"),
        ]

    def __str__(self) -> str:
        return self.public_id


class OrderLine(PricedLine):
    """A line of an order, at the price that was paid, and what has become of its units.

    The triggers of shipments, cancellations and returns count these; nobody else may.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    shipped = models.IntegerField(default=0)
    canceled = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)

    class Meta(PricedLine.Meta):
        constraints = [
            *PricedLine.Meta.constraints,
            models.CheckConstraint(
                name="orderline_handled_within",
                condition=Q(shipped__gte=0, canceled__gte=0, quantity__gte=F("shipped") + F("canceled")),
            ),
            models.CheckConstraint(
                name="orderline_returned_within", condition=Q(returned__gte=0, returned__lte=F("shipped"))
            ),
        ]
        indexes = [models.Index(name="order_line_by_sku", fields=["sku", "order"])]
        triggers = [lines_add_up(**_LINES, of_lines=True), line_counts_events()]

    @property
    def open_quantity(self) -> int:
        """How many units are neither shipped nor canceled."""
        return self.quantity - self.shipped - self.canceled

    @property
    def status(self) -> LineStatus:
        """How far it is, by its quantities."""
        if self.canceled == self.quantity:
            return LineStatus.REMOVED
        if self.open_quantity == 0:
            return LineStatus.FULFILLED
        return LineStatus.PARTIAL if self.shipped else LineStatus.PROCESSING
