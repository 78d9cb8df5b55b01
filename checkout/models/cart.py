"""What a buyer has put together so far. It has no price: that is worked out whenever it is looked at."""

from django.db import models
from django.db.models import F, Q

from checkout.models.catalog import Variant
from checkout.state_machines import CART
from checkout.states import FORGOTTEN_CART_STATES, OPEN_CART_STATES, CartState

MAX_QUANTITY = 10_000  # units of one line


class Cart(models.Model):
    """A guest's cart, whose id nobody can guess, or a customer's: of each customer of a client one is open."""

    public_id = models.CharField(max_length=40, unique=True)
    client = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default=CartState.OPEN)
    currency = models.CharField(max_length=3)
    # The client's own name for the buyer; empty: a guest.
    customer = models.CharField(max_length=64, blank=True)
    buyer_email = models.EmailField(blank=True)
    buyer_name = models.CharField(max_length=200, blank=True)
    shipping_address = models.JSONField(default=dict, blank=True)
    # As the buyer has chosen and written them: whether they apply is told by the price.
    fulfillment_option = models.CharField(max_length=32, blank=True)
    discount_code = models.CharField(max_length=32, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="cart_state_known", condition=Q(state__in=[str(state) for state in CartState])),
            models.UniqueConstraint(
                name="cart_one_open_per_customer",
                fields=["client", "customer"],
                condition=Q(state=CartState.OPEN) & ~Q(customer=""),
            ),
            models.CheckConstraint(
                name="cart_merged_into_another",
                condition=(Q(state=CartState.MERGED, merged_into__isnull=False) & ~Q(merged_into=F("id")))
                | (~Q(state=CartState.MERGED) & Q(merged_into=None)),
            ),
        ]
        indexes = [
            models.Index(name="cart_open_until", fields=["expires_at"], condition=Q(state__in=OPEN_CART_STATES)),
            models.Index(name="cart_ended_at", fields=["updated_at"], condition=Q(state__in=FORGOTTEN_CART_STATES)),
        ]
        triggers = [CART.trigger(constraint="cart_follows_table")]

    def __str__(self) -> str:
        return self.public_id


class CartLine(models.Model):
    """Units of one variant."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT)
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="cart_line_one_per_variant", fields=["cart", "variant"]),
            models.CheckConstraint(
                name="cart_line_quantity_within", condition=Q(quantity__gt=0, quantity__lte=MAX_QUANTITY)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant}"
