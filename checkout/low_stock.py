"""What is about to be sold out."""

from dataclasses import dataclass

from django.db.models import F, Sum

from checkout.models import StockItem

# So few free units may be gone within a minute.
FEW_UNITS = 5
MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class LowStock:
    """A variant, and its units at all places that sell."""

    sku: str
    on_hand: int
    reserved: int

    @property
    def free(self) -> int:
        """Return how many nobody has reserved."""
        return self.on_hand - self.reserved


def low_stock() -> list[LowStock]:
    """Return the variants for sale that have the fewest free units, the fewest first."""
    sold = StockItem.objects.filter(location__active=True, variant__active=True, variant__product__active=True)
    sums = sold.values_list("variant__sku").annotate(held=Sum("on_hand"), taken=Sum("reserved"))
    few = sums.annotate(free=F("held") - F("taken")).filter(free__lte=FEW_UNITS).order_by("free", "variant__sku")
    return [LowStock(sku, int(held), int(taken)) for sku, held, taken, _ in few[:MOST_SHOWN]]
