"""Whether as many units are free as a cart asks for. Holds nothing."""

from collections.abc import Sequence

from checkout.messages import Message
from checkout.price_lines import PricedLine


def short_lines(*, lines: Sequence[PricedLine]) -> list[Message]:
    """Say of which lines fewer units are free than asked for: by the time of paying there may be more, or less."""
    return [
        Message("warning", f"/line_items/{line.index}/quantity", "out_of_stock", f"Of {line.sku} {line.free} are free.")
        for line in lines
        if line.free < line.quantity
    ]
