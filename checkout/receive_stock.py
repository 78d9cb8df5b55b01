"""Goods in: units arrive and can be sold."""

from datetime import datetime

from django_subatomic.db import transaction, transaction_required

from checkout.models import StockItem, StockLocation, StockMovement, Variant
from checkout.states import MovementKind

MAIN = "main"  # where goods are, unless somebody says otherwise


@transaction
def receive_stock(*, sku: str, quantity: int, reference: str, now: datetime, location: str = MAIN) -> None:
    """Book units of a SKU as received at a location, under the delivery's reference."""
    place = main_location() if location == MAIN else StockLocation.objects.get(code=location)
    variant = Variant.objects.get(sku=sku)
    receive(variant_id=variant.pk, location_id=place.pk, quantity=quantity, reference=reference, now=now)


@transaction_required
def receive(
    *, variant_id: int, location_id: int, quantity: int, reference: str, now: datetime, reason: str = ""
) -> StockMovement:
    """Book units as received within the caller's transaction."""
    if quantity <= 0:
        raise ValueError(f"a delivery brings at least one unit, not {quantity}")
    item, _ = StockItem.objects.get_or_create(variant_id=variant_id, location_id=location_id)
    return StockMovement.objects.create(
        stock_item=item,
        kind=MovementKind.RECEIVED,
        on_hand_delta=quantity,
        reference=reference,
        reason=reason,
        created_at=now,
    )


def main_location() -> StockLocation:
    """Return the location that every shop has."""
    return StockLocation.objects.get_or_create(code=MAIN, defaults={"name": "Main"})[0]
