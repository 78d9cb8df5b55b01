"""Bring an order in line with how its payment stands by now: into manual review, or out of it.

Heard from the outbox after whatever moves a payment. That nothing is shipped on a bad payment does not wait for this:
ship_order.py looks for itself.
"""

from datetime import UTC, datetime

import structlog
from django_subatomic.db import transaction

from checkout.events import MANUAL_REVIEW, RESUMED, publish_order, state_payload
from checkout.locks import lock_order
from checkout.models import Order
from checkout.order_parts import total
from checkout.order_standing import OrderStanding, order_standing, state_of
from checkout.states import OPEN_ORDER_STATES, OrderState
from exactly_once.outbox import OutboxMessage

log = structlog.get_logger(__name__)

# What may put the payment of an order into trouble, or show that it is out of it. Not `payment_intent.succeeded`: every
# sale has one, and what is captured when it is shipped has `capture.succeeded`.
EVENTS = (
    "authorization.ended",
    "capture.failed",
    "capture.succeeded",
    "dispute.needs_response",
    "dispute.under_review",
    "dispute.won",
    "dispute.lost",
    "payment_intent.canceled",
    "payment_intent.requires_payment_method",
)
REVIEWED = (*OPEN_ORDER_STATES, OrderState.SHIPPED, OrderState.MANUAL_REVIEW)


def hear(message: OutboxMessage) -> None:
    """Look at the order that an event of a payment is about, if it is about one."""
    of_session = Order.objects.filter(session__public_id=message.payload["order_reference"], state__in=REVIEWED)
    named = of_session.values_list("public_id", "client").first()
    if named is not None:
        review_order(order_id=named[0], client=named[1], now=datetime.now(UTC))


@transaction
def review_order(*, order_id: str, client: str, now: datetime) -> OrderState:
    """Put the order where its payment lets it be, once; return its state.

    :raises CheckoutNotFound: ``order_not_found``.
    """
    order = lock_order(order_id=order_id, client=client)
    if order.state not in REVIEWED:
        return OrderState(order.state)
    standing = order_standing(order)
    state = OrderState.MANUAL_REVIEW if is_in_trouble(standing) else state_of(standing.lines)
    if state in {order.state, OrderState.CANCELED}:
        return OrderState(order.state)
    order.state = state
    order.save(update_fields=["state"])
    event = MANUAL_REVIEW if state is OrderState.MANUAL_REVIEW else RESUMED
    publish_order(order=order, type=event, payload=state_payload(order), now=now)
    log.warning("order.reviewed", order=order_id, state=str(state))
    return state


def is_in_trouble(standing: OrderStanding) -> bool:
    """Whether what is shipped is not paid for, or what is to be shipped would not be."""
    payment = standing.payment
    to_ship = any(line.open_quantity for line in standing.lines)
    if payment is None:
        return standing.order.total_minor > 0 and (to_ship or total(standing.earned) > 0)
    if to_ship and (payment.disputed_minor or standing.unpaid_minor):
        return True
    return standing.due_minor > 0 and not payment.is_busy
