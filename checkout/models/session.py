"""A buyer's way from cart to order."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from checkout.models.cart import Cart
from checkout.models.priced import Priced, PricedLine, lines_add_up
from checkout.states import PAYING_SESSION_STATES, RecoveryPoint, SessionState
from exactly_once.by_day import by_day

_LINES = {"whole": "checkout_checkoutsession", "lines": "checkout_sessionline", "owner": "session_id"}


class CheckoutSession(Priced):
    """One cart on its way to an order, at the price that the buyer saw."""

    public_id = models.CharField(max_length=40, unique=True)
    client = models.CharField(max_length=64)
    book = models.CharField(max_length=64)
    state = models.CharField(max_length=32, default=SessionState.INCOMPLETE)
    cart = models.ForeignKey(Cart, on_delete=models.PROTECT, null=True, blank=True, related_name="sessions")
    recovery_point = models.CharField(max_length=32, default=RecoveryPoint.STARTED)
    # The client's own name for the buyer, if there is one.
    customer = models.CharField(max_length=64, blank=True)
    buyer_email = models.EmailField(blank=True)
    buyer_name = models.CharField(max_length=200, blank=True)
    next_action_url = models.URLField(max_length=2048, blank=True)
    # What made it good that a session was paid for and did not become an order: a refund's id, or "void".
    compensation = models.CharField(max_length=64, blank=True)
    # What was bought, by whom, and when the payment began (checkout/purchase_window.py).
    purchase_hash = models.BinaryField(max_length=32, null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(Priced.Meta):
        constraints = [
            *Priced.Meta.constraints,
            models.CheckConstraint(
                name="session_state_known", condition=Q(state__in=[str(state) for state in SessionState])
            ),
            # Of two that were made from one cart, one is paid.
            models.UniqueConstraint(
                name="session_one_paid_per_cart",
                fields=["cart"],
                condition=Q(state__in=[*PAYING_SESSION_STATES, SessionState.COMPLETED]),
            ),
        ]
        indexes = [
            models.Index(
                name="session_open_until",
                fields=["expires_at"],
                condition=Q(state__in=["incomplete", "ready_for_complete", "requires_escalation"]),
            ),
            models.Index(name="session_by_client", fields=["client", "-id"]),
            models.Index(Lower("buyer_email"), F("id").desc(), name="session_by_email", condition=~Q(buyer_email="")),
            by_day(name="session_by_day", field="created_at"),
            models.Index(name="session_purchase", fields=["purchase_hash"], condition=Q(purchase_hash__isnull=False)),
        ]
        triggers = [lines_add_up(**_LINES, of_lines=False)]

    def __str__(self) -> str:
        return self.public_id


class SessionLine(PricedLine):
    """A variant in the cart, at the price that the buyer saw."""

    session = models.ForeignKey(CheckoutSession, on_delete=models.CASCADE, related_name="lines")

    class Meta(PricedLine.Meta):
        constraints = [
            *PricedLine.Meta.constraints,
            models.UniqueConstraint(name="session_line_one_per_variant", fields=["session", "variant"]),
        ]
        triggers = [lines_add_up(**_LINES, of_lines=True)]
