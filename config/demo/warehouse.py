"""What the shop does with some of its orders: ships them, in parts or whole, cancels one, and takes something back."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.demo.buyer import Shopper, Visit

MOST_ORDERS = 30  # enough to show it; each costs a request
EVERY = 3  # of three orders, one is shipped whole and one in part


@dataclass(slots=True)
class Dispatched:
    """How many orders it was."""

    whole: int = 0
    partly: int = 0
    canceled: int = 0
    taken_back: int = 0

    def __str__(self) -> str:
        return (
            f"Of these, {self.whole} were shipped whole and {self.partly} in part, {self.canceled} canceled; "
            f"of {self.taken_back} something came back and was paid back"
        )


def dispatch(*, visits: Sequence[Visit], shopper: Shopper) -> Dispatched:
    """Handle the first orders of these visits by their place, so that the same buyers see the same."""
    done = Dispatched()
    ordered = [visit for visit in visits if visit.order_id is not None][:MOST_ORDERS]
    for place, visit in enumerate(ordered):
        address = f"orders/{visit.order_id}"
        sku, _ = visit.buyer.items[0]
        match place % EVERY:
            case 0:
                shopper.send(f"{address}/shipments", {"carrier": "Demo Parcels", "tracking_number": f"DP{place:06}"})
                done.whole += 1
                if not done.taken_back:
                    back = [{"sku": sku, "quantity": 1, "disposition": "restock"}]
                    shopper.send(f"{address}/returns", {"lines": back, "refund": True, "reason": "too big"})
                    done.taken_back += 1
            case 1:
                part = shopper.send(f"{address}/shipments", {"lines": [{"sku": sku, "quantity": 1}]})
                # The only unit of it may have been all.
                done.partly += part.json()["state"] == "processing"
                done.whole += part.json()["state"] == "shipped"
            case _ if not done.canceled:
                shopper.send(f"{address}/cancel", {"reason": "the buyer has changed their mind"})
                done.canceled += 1
    return done
