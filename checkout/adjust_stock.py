"""Count again: what is on the shelf is not what was thought."""

from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.locks import lock_stock_item
from checkout.models import StockMovement
from checkout.states import MovementKind
from checkout.stock import require_free


@transaction_required
def adjust_stock(
    *, variant_id: int, location_id: int, units: int, reference: str, reason: str, now: datetime
) -> StockMovement:
    """Put so many more units on the shelf, or fewer where ``units`` is below zero; the reason is kept.

    :raises StockRefused: ``units_not_free``: as many are not there, or spoken for.
    """
    item = lock_stock_item(variant_id=variant_id, location_id=location_id)
    require_free(item=item, quantity=-units)
    return StockMovement.objects.create(
        stock_item=item,
        kind=MovementKind.ADJUSTED,
        on_hand_delta=units,
        reference=reference,
        reason=reason,
        created_at=now,
    )
