"""Units of stock on their way: held for a session, given to its order, shipped or put back; and goods that come again.

Each of the first four is one call of a function of the database (migrations/sql/), which locks in the order of
checkout/locks.py. Stock that is received or counted anew: receive_stock.py, adjust_stock.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django_subatomic.db import transaction_required

from checkout.errors import LatePayment, OutOfStock, StockRefused
from checkout.locks import lock_stock_item
from checkout.models import CheckoutSession, Order, Reservation, SessionLine, StockItem, StockMovement, Variant
from checkout.states import LatePaymentPolicy, MovementKind, ReservationState
from exactly_once.prepared import integer_array

# How long a payment may take before its units go back on the shelf: time enough for 3-D Secure.
HOLD = timedelta(minutes=15)
# Holds the lines of a session, or none; the variants that are short.
HOLDING = "checkout_hold_stock(%s::bigint, %s::bigint [], %s::integer [], %s, %s, %s)"

# (variant, location, quantity), by primary key.
type Units = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class OrderUnits:
    """Units of an order's line of a variant, where they are taken from, and what has become of them."""

    variant_id: int
    location_id: int
    location: str
    quantity: int
    state: ReservationState


@transaction_required
def hold_stock(*, session: CheckoutSession, lines: Sequence[SessionLine], now: datetime) -> None:
    """Hold every line of the session, or none; from one location if one has it all (0001_hold_stock.sql).

    :raises OutOfStock: naming the SKUs that are short.
    """
    missing = _call(f"SELECT {HOLDING}", *hold_arguments(session=session, lines=lines, now=now))
    require_none_short(lines=lines, missing=missing)


def hold_arguments(*, session: CheckoutSession, lines: Sequence[SessionLine], now: datetime) -> tuple[Any, ...]:
    """Return what ``HOLDING`` takes, for a statement that does more; then :func:`require_none_short`."""
    wanted = integer_array([line.variant_id for line in lines]), integer_array([line.quantity for line in lines])
    return session.pk, *wanted, session.public_id, now + HOLD, now


def require_none_short(*, lines: Sequence[SessionLine], missing: Collection[int]) -> None:
    """Refuse what could not be held.

    :raises OutOfStock: naming the SKUs that are short.
    """
    short = [line.sku for line in lines if line.variant_id in missing]
    if short:
        raise OutOfStock(
            code="out_of_stock", detail=f"Not enough in stock of: {', '.join(sorted(short))}.", extra={"skus": short}
        )


@transaction_required
def release_stock(*, session: CheckoutSession, state: ReservationState, now: datetime) -> None:
    """Put what the session holds back on the shelf; ``state`` says whether it was let go or ran out."""
    _call("SELECT checkout_release_stock(%s, %s, %s, %s)", session.pk, state, session.public_id, now)


@transaction_required
def commit_stock(*, session: CheckoutSession, lines: Sequence[SessionLine], now: datetime) -> None:
    """Give the held units to the session's order. Where the hold has ended, by now or by a sweep, take them again.

    :raises LatePayment: the hold has ended, and something in the cart is not sold that late; nothing has changed.
    :raises OutOfStock: they are no longer there; nothing has changed.
    """
    held = Reservation.objects.filter(session=session, state=ReservationState.HELD)
    if held.filter(expires_at__gt=now).update(state=ReservationState.COMMITTED):
        return
    _refuse_what_is_not_sold_late(lines)
    # Nobody has swept it up yet: the units are still ours.
    if not held.update(state=ReservationState.COMMITTED):
        hold_stock(session=session, lines=lines, now=now)
        held.update(state=ReservationState.COMMITTED)


def units_of_order(*, order: Order) -> list[OrderUnits]:
    """Return what of an order is committed where, and what was shipped from where."""
    rows = order.session.reservations.filter(state__in=[ReservationState.COMMITTED, ReservationState.CONSUMED])
    return [
        OrderUnits(
            row.stock_item.variant_id,
            row.stock_item.location_id,
            row.stock_item.location.code,
            row.quantity,
            ReservationState(row.state),
        )
        for row in rows.select_related("stock_item__location").order_by("stock_item_id", "pk")
    ]


@transaction_required
def consume_stock(*, order: Order, units: Sequence[Units], reference: str, now: datetime) -> None:
    """Take units that are committed to an order off the shelf: they are shipped.

    :raises StockRefused: ``units_not_committed``: not as many are committed to it there; nothing has changed.
    """
    _part(order, units, ReservationState.CONSUMED, reference, now)


@transaction_required
def release_order_stock(*, order: Order, units: Sequence[Units], reference: str, now: datetime) -> None:
    """Put units that are committed to an order back on the shelf: this part of it is canceled.

    :raises StockRefused: ``units_not_committed``: not as many are committed to it there; nothing has changed.
    """
    _part(order, units, ReservationState.RELEASED, reference, now)


@transaction_required
def return_stock(*, variant_id: int, location_id: int, quantity: int, reference: str, now: datetime) -> None:
    """Put units that came back from a buyer on the shelf, at whichever location.

    Who returns or writes off several kinds in one transaction locks them first (locks.py, ``lock_stock_items``).
    """
    item, _ = StockItem.objects.get_or_create(variant_id=variant_id, location_id=location_id)
    StockMovement.objects.create(
        stock_item=item, kind=MovementKind.RETURNED, on_hand_delta=quantity, reference=reference, created_at=now
    )


@transaction_required
def write_off_stock(
    *, variant_id: int, location_id: int, quantity: int, reference: str, now: datetime, reason: str = ""
) -> StockMovement:
    """Take units off the shelf that nobody can buy: damaged, or gone.

    :raises StockRefused: ``units_not_free``: they are not there, or spoken for.
    """
    item = lock_stock_item(variant_id=variant_id, location_id=location_id)
    require_free(item=item, quantity=quantity)
    return StockMovement.objects.create(
        stock_item=item,
        kind=MovementKind.WRITTEN_OFF,
        on_hand_delta=-quantity,
        reference=reference,
        reason=reason,
        created_at=now,
    )


def require_free(*, item: StockItem, quantity: int) -> None:
    """Refuse to take more off the shelf of a locked item than is free there.

    :raises StockRefused: ``units_not_free``.
    """
    free = item.on_hand - item.reserved
    if free < quantity:
        raise StockRefused(code="units_not_free", detail=f"{free} are free there, not {quantity}.")


def _part(order: Order, units: Sequence[Units], state: ReservationState, reference: str, now: datetime) -> None:
    columns = [list(column) for column in zip(*units, strict=True)] if units else [[], [], []]
    statement = "SELECT checkout_part_units(%s, %s::bigint [], %s::bigint [], %s::integer [], %s, %s, %s)"
    if not _call(statement, order.session_id, *columns, state, reference, now):
        raise StockRefused(
            code="units_not_committed",
            detail=f"Not as many units are committed to {order.public_id} at these locations.",
        )


def _refuse_what_is_not_sold_late(lines: Sequence[SessionLine]) -> None:
    refunded = Variant.objects.filter(
        pk__in=[line.variant_id for line in lines], product__late_payment_policy=LatePaymentPolicy.REFUND
    )
    skus = sorted(refunded.values_list("sku", flat=True))
    if skus:
        raise LatePayment(code="payment_too_late", detail=f"Not sold any more by now: {', '.join(skus)}.")


def _call(statement: str, *arguments: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone()[0]
