"""What was sold. An order is written in the commit that captures its payment; one that costs nothing needs none."""

from django.db import models
from django.db.models import Q

from checkout.models.priced import Priced, PricedLine, lines_add_up
from checkout.models.session import CheckoutSession
from checkout.states import OrderState

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

    class Meta(Priced.Meta):
        constraints = [
            *Priced.Meta.constraints,
            models.CheckConstraint(
                name="order_paid_unless_free",
                condition=Q(total_minor=0, payment_intent__isnull=True)
                | Q(total_minor__gt=0, payment_intent__isnull=False),
            ),
        ]
        indexes = [models.Index(name="order_by_client", fields=["client", "-id"])]
        triggers = [lines_add_up(**_LINES, of_lines=False)]

    def __str__(self) -> str:
        return self.public_id


class OrderLine(PricedLine):
    """A line of an order, at the price that was paid."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")

    class Meta(PricedLine.Meta):
        triggers = [lines_add_up(**_LINES, of_lines=True)]
