"""Take units off the shelf for a session, put them back, or give them to its order.

A hold is one conditional UPDATE over rows locked in the order of their ids: it takes all lines or none, cannot
oversell whatever the concurrency, and cannot deadlock with another hold.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django_subatomic.db import transaction_required

from checkout.errors import OutOfStock
from checkout.locks import lock_held_reservations
from checkout.models import CheckoutSession, Reservation, SessionLine, StockItem, StockMovement
from checkout.states import ReservationState

# How long a payment may take before its units go back on the shelf: time enough for 3-D Secure.
HOLD = timedelta(minutes=15)

_TAKE = """
WITH wanted AS (
    SELECT s.id, w.quantity
    FROM unnest(%s::bigint [], %s::bigint []) AS w (variant_id, quantity)
    INNER JOIN checkout_stockitem AS s ON s.variant_id = w.variant_id AND s.location = 'main'
),

locked AS MATERIALIZED (
    SELECT s.id FROM checkout_stockitem AS s WHERE s.id IN (SELECT w.id FROM wanted AS w) ORDER BY s.id
    FOR NO KEY UPDATE
)

UPDATE checkout_stockitem AS s SET reserved = s.reserved + w.quantity
FROM wanted AS w
WHERE
    s.id = w.id
    AND s.id IN (SELECT l.id FROM locked AS l)
    AND s.on_hand - s.reserved >= w.quantity
RETURNING s.id, s.variant_id
"""


@transaction_required
def hold_stock(*, session: CheckoutSession, lines: Sequence[SessionLine], now: datetime) -> None:
    """Hold every line of the session, or none.

    :raises OutOfStock: naming the SKUs that are short. The caller rolls back what the others took.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [[line.variant_id for line in lines], [line.quantity for line in lines]])
        taken = {variant_id: item_id for item_id, variant_id in cursor.fetchall()}
    short = [line.sku for line in lines if line.variant_id not in taken]
    if short:
        raise OutOfStock(
            code="out_of_stock", detail=f"Not enough in stock of: {', '.join(sorted(short))}.", extra={"skus": short}
        )
    Reservation.objects.bulk_create(
        Reservation(
            stock_item_id=taken[line.variant_id],
            session=session,
            quantity=line.quantity,
            expires_at=now + HOLD,
            created_at=now,
        )
        for line in lines
    )
    _note([(taken[line.variant_id], line.quantity) for line in lines], kind="held", session=session, now=now)


@transaction_required
def release_stock(*, session: CheckoutSession, state: ReservationState, now: datetime) -> None:
    """Put what the session holds back on the shelf; ``state`` says whether it was let go or ran out."""
    held = lock_held_reservations(session=session)
    if not held:
        return
    items = StockItem.objects.select_for_update(no_key=True).filter(pk__in=[row.stock_item_id for row in held])
    by_id = {item.pk: item for item in items.order_by("pk")}
    for row in held:
        by_id[row.stock_item_id].reserved -= row.quantity
    StockItem.objects.bulk_update(by_id.values(), ["reserved"])
    Reservation.objects.filter(pk__in=[row.pk for row in held]).update(state=state)
    _note([(row.stock_item_id, -row.quantity) for row in held], kind=str(state), session=session, now=now)


@transaction_required
def commit_stock(*, session: CheckoutSession, lines: Sequence[SessionLine], now: datetime) -> None:
    """Give the held units to the session's order. Units that had gone back to the shelf are taken again.

    :raises OutOfStock: they are no longer there.
    """
    held = lock_held_reservations(session=session)
    if not held:
        hold_stock(session=session, lines=lines, now=now)
    Reservation.objects.filter(session=session, state=ReservationState.HELD).update(state=ReservationState.COMMITTED)


def _note(changes: list[tuple[int, int]], *, kind: str, session: CheckoutSession, now: datetime) -> None:
    StockMovement.objects.bulk_create(
        StockMovement(
            stock_item_id=item_id, kind=kind, reserved_delta=delta, reference=session.public_id, created_at=now
        )
        for item_id, delta in changes
    )
