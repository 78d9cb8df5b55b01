"""What is on the shelf where, what of it is spoken for, and every movement that made it so."""

from django.db import models
from django.db.models import F, Q

from checkout.models.catalog import Variant
from checkout.models.stock_triggers import moves_stock, only_moved, starts_empty
from checkout.state_machines import RESERVATION
from checkout.states import LIVE_RESERVATION_STATES, MovementKind, ReservationState
from exactly_once.append_only import append_only
from exactly_once.by_day import by_day
from exactly_once.fixed import fixed


class StockLocation(models.Model):
    """A place that goods are sent from. Carts are served from the active ones, the lowest ``priority`` first."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    priority = models.SmallIntegerField(default=0, help_text="Lower is sold from first.")
    active = models.BooleanField(default=True, help_text="Whether its units are for sale.")

    def __str__(self) -> str:
        return self.name


class StockItem(models.Model):
    """Units of a variant at a location. ``0 <= reserved <= on_hand``: the database refuses to oversell.

    Written by the trigger of its movements alone.
    """

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="stock")
    location = models.ForeignKey(StockLocation, on_delete=models.PROTECT, related_name="stock")
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="stock_item_one_per_location", fields=["variant", "location"]),
            models.CheckConstraint(
                name="stock_item_never_oversold", condition=Q(reserved__gte=0) & Q(reserved__lte=F("on_hand"))
            ),
        ]
        triggers = [only_moved(), starts_empty()]

    def __str__(self) -> str:
        return f"{self.variant} at {self.location}"


class Reservation(models.Model):
    """Units of a stock item that are spoken for by one checkout session, and by its order once there is one.

    A session has one line of a variant, and so has its order: session and variant name the line. Units that are
    shipped or taken back alone become a row of their own.
    """

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
                condition=Q(state__in=LIVE_RESERVATION_STATES),
            ),
        ]
        indexes = [models.Index(name="reservation_held_until", fields=["expires_at"], condition=Q(state="held"))]
        triggers = [
            RESERVATION.trigger(constraint="reservation_follows_table"),
            fixed(columns=("session_id", "stock_item_id")),
            fixed(
                name="only_parted",
                columns=("quantity",),
                once="OLD.state <> 'committed' OR NEW.state <> 'committed' OR NEW.quantity > OLD.quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.stock_item}"


def _is(kind: MovementKind, **deltas: object) -> Q:
    return Q(kind=kind, **deltas)


_HELD_BACK = {"on_hand_delta": 0, "reserved_delta__lt": 0}
_INTO_THE_SHELF = {"on_hand_delta__gt": 0, "reserved_delta": 0}


class StockMovement(models.Model):
    """One change of a stock item, made by the row itself: a trigger adds it. Append-only."""

    stock_item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=16)
    on_hand_delta = models.BigIntegerField(default=0)
    reserved_delta = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=64)
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="stock_movement_of_its_kind",
                condition=_is(MovementKind.HELD, on_hand_delta=0, reserved_delta__gt=0)
                | _is(MovementKind.RELEASED, **_HELD_BACK)
                | _is(MovementKind.EXPIRED, **_HELD_BACK)
                | _is(MovementKind.CONSUMED, on_hand_delta__lt=0, reserved_delta=F("on_hand_delta"))
                | _is(MovementKind.RECEIVED, **_INTO_THE_SHELF)
                | _is(MovementKind.RETURNED, **_INTO_THE_SHELF)
                | _is(MovementKind.WRITTEN_OFF, on_hand_delta__lt=0, reserved_delta=0)
                | (_is(MovementKind.ADJUSTED, reserved_delta=0) & ~Q(on_hand_delta=0) & ~Q(reason="")),
            ),
        ]
        indexes = [by_day(name="stock_movement_by_day", field="created_at")]
        triggers = [append_only(), moves_stock()]

    def __str__(self) -> str:
        return f"{self.kind} {self.stock_item}"
