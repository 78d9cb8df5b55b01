"""Whether as many units are free as a cart asks for. Reads rows; holds nothing."""

from collections.abc import Sequence

from django.db.models import F, Sum

from checkout.messages import Message
from checkout.models import StockItem
from checkout.price_lines import PricedLine


def short_lines(*, lines: Sequence[PricedLine]) -> list[Message]:
    """Say of which lines fewer units are free than asked for: by the time of paying there may be more, or less."""
    items = StockItem.objects.filter(location__active=True, variant_id__in=[line.variant_id for line in lines])
    free = dict(items.values_list("variant_id").annotate(free=Sum(F("on_hand") - F("reserved"))).order_by())
    return [
        Message(
            "warning",
            f"/line_items/{line.index}/quantity",
            "out_of_stock",
            f"Of {line.sku} {free.get(line.variant_id, 0)} are free.",
        )
        for line in lines
        if free.get(line.variant_id, 0) < line.quantity
    ]
