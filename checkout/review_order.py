"""Bring an order in line with how its payment stands by now: into manual review, or out of it.

Heard from the outbox after whatever moves a payment. That nothing is shipped on a bad payment does not wait for this:
ship_order.py looks for itself.
"""

from datetime import UTC, datetime

import structlog
from django_subatomic.db import transaction, transaction_required

from checkout.events import MANUAL_REVIEW, RESUMED, publish_order, state_payload
from checkout.locks import lock_order
from checkout.make_good import make_good
from checkout.models import Order
from checkout.order_parts import total
from checkout.order_standing import OrderStanding, order_standing, state_of
from checkout.states import OrderState
from exactly_once.outbox import OutboxMessage
from exactly_once.retry import retry_on_conflict
from payments.reversals import Reversal

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
    # One that people asked for, in place of another.
    "refund.succeeded",
)


def hear(message: OutboxMessage) -> None:
    """Look at the order that an event of a payment is about, if it is about one."""
    named = _order_of(message.payload["order_reference"])
    if named is not None:
        review_order(order_id=named[0], client=named[1], now=datetime.now(UTC))


@transaction_required
def on_reversal(reversal: Reversal) -> None:
    """Look at the order whose money has moved back, in the commit in which it has."""
    named = _order_of(reversal.order_reference)
    if named is not None:
        put_where_it_is(order=lock_order(order_id=named[0], client=named[1]), now=reversal.now)


def _order_of(order_reference: str) -> tuple[str, str] | None:
    return Order.objects.filter(session__public_id=order_reference).values_list("public_id", "client").first()


@retry_on_conflict
@transaction
def review_order(*, order_id: str, client: str, now: datetime) -> OrderState:
    """Put the order where its payment lets it be, once; return its state.

    :raises CheckoutNotFound: ``order_not_found``.
    """
    return put_where_it_is(order=lock_order(order_id=order_id, client=client), now=now)


@transaction_required
def put_where_it_is(*, order: Order, now: datetime) -> OrderState:
    """Make good what a locked order's payment can, and put it where that lets it be; return its state."""
    make_good(standing=order_standing(order), now=now)
    standing = order_standing(order)
    state = OrderState.MANUAL_REVIEW if is_in_trouble(standing) else state_of(standing.lines)
    if state == order.state or (order.state, state) == (OrderState.COMPLETED, OrderState.SHIPPED):
        return OrderState(order.state)
    order.state = state
    order.save(update_fields=["state"])
    event = MANUAL_REVIEW if state is OrderState.MANUAL_REVIEW else RESUMED
    publish_order(order=order, type=event, payload=state_payload(order), now=now)
    log.warning("order.reviewed", order=order.public_id, state=str(state))
    return state


def is_in_trouble(standing: OrderStanding) -> bool:
    """Whether what is shipped, or is to be, is not paid for, or what is canceled or came back not paid back."""
    payment = standing.payment
    to_ship = any(line.open_quantity for line in standing.lines)
    if payment is None:
        return standing.order.total_minor > 0 and (to_ship or total(standing.earned) > 0)
    if to_ship and (payment.disputed_minor or standing.unpaid_minor):
        return True
    if not to_ship and (standing.outstanding_minor or standing.came_back_minor) and not payment.is_disputed:
        return True
    return standing.due_minor > 0 and not payment.is_busy
