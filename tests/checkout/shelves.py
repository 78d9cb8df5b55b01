"""What happens to stock without a buyer."""

from django_subatomic.db import transaction

from checkout.adjust_stock import adjust_stock
from checkout.models import StockItem, StockLocation, Variant
from tests.factories import NOW


def adjust(units: int, sku: str | None = None) -> None:
    """Find that there are so many units more, or fewer, of a thing, or of the only one on the shelf."""
    item = StockItem.objects.get(variant__sku=sku) if sku else StockItem.objects.get()
    where = {"variant_id": item.variant_id, "location_id": item.location_id}
    with transaction():
        adjust_stock(**where, units=units, reference="count", reason="Counted anew.", now=NOW)


def put(variant: Variant, code: str, units: int, *, priority: int = 0, active: bool = True) -> StockLocation:
    """Put units of a variant on the shelf of a location, which is opened if it is new; return the location."""
    location, _ = StockLocation.objects.get_or_create(
        code=code, defaults={"name": code.title(), "priority": priority, "active": active}
    )
    with transaction():
        adjust_stock(
            variant_id=variant.pk, location_id=location.pk, units=units, reference="count", reason="Found.", now=NOW
        )
    return location


def levels(variant: Variant) -> dict[str, tuple[int, int]]:
    """Return (on hand, reserved) of a variant by the location's code."""
    rows = variant.stock.order_by("location__priority", "location_id")
    return {
        code: (on_hand, taken) for code, on_hand, taken in rows.values_list("location__code", "on_hand", "reserved")
    }
