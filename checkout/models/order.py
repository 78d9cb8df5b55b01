"""What was sold. An order is written in the commit that captures its payment, and never otherwise."""

from django.db import models
from django.db.models import Q

from checkout.models.catalog import Variant
from checkout.models.session import CheckoutSession
from checkout.states import OrderState


class Order(models.Model):
    """A paid checkout session; one order per session and per payment intent, by constraint."""

    public_id = models.CharField(max_length=40, unique=True)
    session = models.OneToOneField(CheckoutSession, on_delete=models.PROTECT, related_name="order")
    payment_intent = models.CharField(max_length=40, unique=True)
    client = models.CharField(max_length=64)
    state = models.CharField(max_length=32, default=OrderState.CONFIRMED)
    buyer_email = models.EmailField()
    buyer_name = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="order_total_positive", condition=Q(total_minor__gt=0))]
        indexes = [models.Index(name="order_by_client", fields=["client", "-id"])]

    def __str__(self) -> str:
        return self.public_id


class OrderLine(models.Model):
    """A line of an order, at the price that was paid."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT)
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=420)
    quantity = models.IntegerField()
    unit_amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="order_line_quantity_positive", condition=Q(quantity__gt=0))]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"
