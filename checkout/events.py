"""The events that checkout publishes, each once, in the commit that makes it true, and what is in them.

Amounts are in minor units. A change adds: see exactly_once/event_types.py.
"""

from collections.abc import Collection

from checkout.models import Order, OrderLine
from exactly_once.event_types import EventType, Payload

EVENT_TYPES = (EventType("order.confirmed"),)


def order_payload(order: Order, lines: Collection[OrderLine]) -> Payload:
    """Return what ``order.confirmed`` says."""
    return {
        "id": order.public_id,
        "checkout_session": order.session.public_id,
        "payment_intent": order.payment_intent,
        "buyer_email": order.buyer_email,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "line_items": [{"sku": line.sku, "quantity": line.quantity} for line in lines],
    }
