"""The events that checkout publishes, each once, in the commit that makes it true, and what is in them.

Amounts are in minor units. A change adds: see exactly_once/event_types.py.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.models import Cancellation, Order, OrderLine, Return, Shipment
from exactly_once import outbox
from exactly_once.event_types import EventType, Payload
from exactly_once.together import Write, write_together

type Counted = Sequence[tuple[str, int]]  # SKU, quantity

CONFIRMED = "order.confirmed"
SHIPPED = "order.shipped"
CANCELED = "order.canceled"
RETURNED = "order.returned"
MANUAL_REVIEW = "order.manual_review"
RESUMED = "order.resumed"
COMPLETED = "order.completed"


def _name_lines(payload: Payload) -> Payload:
    """Version 2 of ``order.confirmed`` names what was bought; of what came before, only its SKU is known."""
    return {**payload, "line_items": [{**line, "name": line["sku"]} for line in payload["line_items"]]}


EVENT_TYPES = (
    EventType(CONFIRMED, upcasters=(_name_lines,)),
    *(EventType(name) for name in (SHIPPED, CANCELED, RETURNED, MANUAL_REVIEW, RESUMED, COMPLETED)),
)


def order_payload(order: Order, lines: Collection[OrderLine]) -> Payload:
    """Return what ``order.confirmed`` says."""
    return {
        "id": order.public_id,
        "checkout_session": order.session.public_id,
        "payment_intent": order.payment_intent,
        "buyer_email": order.buyer_email,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "line_items": [{"sku": line.sku, "name": line.name, "quantity": line.quantity} for line in lines],
    }


def state_payload(order: Order) -> Payload:
    """Return what the other events of an order say at least."""
    return {
        "id": order.public_id,
        "checkout_session": order.session.public_id,
        "buyer_email": order.buyer_email,
        "currency": order.currency,
        "state": str(order.state),
    }


def shipped_payload(order: Order, shipment: Shipment, lines: Counted) -> Payload:
    """Return what ``order.shipped`` says: this went off, and ``state`` tells whether it was the last."""
    told = {
        "id": shipment.public_id,
        "carrier": shipment.carrier,
        "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url,
        "amount_minor": shipment.amount_minor,
        "line_items": _items(lines),
    }
    return {**state_payload(order), "shipment": told}


def canceled_payload(order: Order, cancellation: Cancellation, lines: Counted) -> Payload:
    """Return what ``order.canceled`` says: these units will not be sent; ``refund`` is null where none is needed."""
    told = {
        "id": cancellation.public_id,
        "reason": cancellation.reason,
        "refund": cancellation.refund or None,
        "amount_minor": cancellation.amount_minor,
        "line_items": _items(lines),
    }
    return {**state_payload(order), "cancellation": told}


def returned_payload(order: Order, returned: Return, lines: Counted) -> Payload:
    """Return what ``order.returned`` says: these units came back; ``refund`` is null where none was wanted."""
    told = {
        "id": returned.public_id,
        "reason": returned.reason,
        "refund": returned.refund or None,
        "amount_minor": returned.amount_minor,
        "line_items": _items(lines),
    }
    return {**state_payload(order), "return": told}


@transaction_required
def publish_order(*, order: Order, type: str, payload: Payload, now: datetime) -> None:
    """Write an event of an order whose row is locked, or new."""
    write_together(order_publication(order=order, type=type, payload=payload, now=now))


def order_publication(*, order: Order, type: str, payload: Payload, now: datetime) -> Write:
    """Return what :func:`publish_order` writes, for a statement that writes more."""
    return outbox.publication(aggregatetype="order", aggregateid=order.public_id, type=type, payload=payload, now=now)


def _items(lines: Counted) -> list[dict[str, object]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
