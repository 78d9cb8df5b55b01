"""Orders as the JSON that clients see. Pure. checkout/api/order_schemas.py tells OpenAPI the same."""

from collections.abc import Sequence

from django.urls import reverse

from checkout.models import Cancellation, Order, OrderLine, Return, Shipment
from checkout.representation import Json, line_body, time_body, whole_body
from payments.adjustments import Adjustment


def order_address(order_id: str) -> str:
    """Return where the API shows an order."""
    return reverse("order", args=[order_id])


def order_body(order: Order, adjustments: Sequence[Adjustment] = ()) -> Json:
    """Describe an order. Needs its session, lines and events.

    :param adjustments: refunds and disputes of its payment.
    """
    lines = sorted(order.lines.all(), key=lambda line: line.pk)
    return {
        "id": order.public_id,
        "object": "order",
        "state": str(order.state),
        "checkout_session": order.session.public_id,
        "payment_intent": order.payment_intent,
        "currency": order.currency,
        "line_items": [_line(line) for line in lines],
        **whole_body(order, lines),
        "customer": order.customer,
        "buyer": {"email": order.buyer_email, "name": order.buyer_name},
        "shipping_address": order.shipping_address,
        "fulfillment_option": _sent_by(order),
        "shipments": [_shipment(each) for each in order.shipments.all()],
        "adjustments": _adjustments(order, adjustments),
        "created_at": time_body(order.created_at),
    }


def _line(line: OrderLine) -> Json:
    return {
        **line_body(line),
        "status": str(line.status),
        "shipped_quantity": line.shipped,
        "canceled_quantity": line.canceled,
        "returned_quantity": line.returned,
    }


def _sent_by(order: Order) -> Json | None:
    if not order.fulfillment_option:
        return None
    return {"id": order.fulfillment_option, "name": order.fulfillment_name, "amount_minor": order.fulfillment_minor}


def _shipment(shipment: Shipment) -> Json:
    return {
        "id": shipment.public_id,
        "carrier": shipment.carrier,
        "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url or None,
        "line_items": [
            {"sku": line.order_line.sku, "quantity": line.quantity, "location": line.location.code}
            for line in shipment.lines.all()
        ],
        "amount_minor": shipment.amount_minor,
        "capture": shipment.capture or None,
        "created_at": time_body(shipment.created_at),
    }


def _adjustments(order: Order, adjustments: Sequence[Adjustment]) -> list[Json]:
    """Return what has been taken off the order, and what came back, the oldest first; a refund stands by its cause."""
    by_id = {each.public_id: each for each in adjustments}
    events: list[Cancellation | Return] = [*order.cancellations.all(), *order.returns.all()]
    caused = {event.refund for event in events if event.refund}
    found = [(event.created_at, _event(event, by_id)) for event in events]
    found += [(each.created_at, _by_itself(each)) for each in adjustments if each.public_id not in caused]
    return [body for _, body in sorted(found, key=lambda one: one[0])]


def _event(event: Cancellation | Return, by_id: dict[str, Adjustment]) -> Json:
    refund = by_id.get(event.refund)
    return {
        "id": event.public_id,
        "kind": "cancellation" if isinstance(event, Cancellation) else "return",
        # Without a refund it is done at once.
        "state": refund.state if refund else "succeeded",
        "amount_minor": refund.amount_minor if refund else event.amount_minor,
        "refund": event.refund or None,
        "reason": event.reason,
        "line_items": _units(event),
        "created_at": time_body(event.created_at),
    }


def _units(event: Cancellation | Return) -> list[Json]:
    """Return how many units of which SKU; of a return also what became of them."""
    if isinstance(event, Return):
        return [
            {"sku": line.order_line.sku, "quantity": line.quantity, "disposition": line.disposition}
            for line in event.lines.all()
        ]
    return [{"sku": line.order_line.sku, "quantity": line.quantity, "disposition": None} for line in event.lines.all()]


def _by_itself(adjustment: Adjustment) -> Json:
    return {
        "id": adjustment.public_id,
        "kind": adjustment.kind,
        "state": adjustment.state,
        "amount_minor": adjustment.amount_minor,
        "refund": adjustment.public_id if adjustment.kind == "refund" else None,
        "reason": adjustment.reason,
        "line_items": [],
        "created_at": time_body(adjustment.created_at),
    }
