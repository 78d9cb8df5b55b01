"""Goods in: units arrive and can be sold."""

from datetime import datetime

from django.db.models import F
from django_subatomic.db import transaction, transaction_required

from checkout.models import StockItem, StockMovement


@transaction
def receive_stock(*, sku: str, quantity: int, reference: str, now: datetime) -> None:
    """Book units of a SKU as received, under the delivery's reference."""
    receive(sku=sku, quantity=quantity, reference=reference, now=now)


@transaction_required
def receive(*, sku: str, quantity: int, reference: str, now: datetime) -> None:
    """Book units as received within the caller's transaction."""
    if quantity <= 0:
        raise ValueError(f"a delivery brings at least one unit, not {quantity}")
    item = StockItem.objects.select_for_update(no_key=True).get(variant__sku=sku, location="main")
    StockItem.objects.filter(pk=item.pk).update(on_hand=F("on_hand") + quantity)
    StockMovement.objects.create(
        stock_item=item, kind="received", on_hand_delta=quantity, reference=reference, created_at=now
    )
