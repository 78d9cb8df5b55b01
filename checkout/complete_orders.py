"""Complete orders of which everything was shipped long enough ago."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django_subatomic.db import transaction

from checkout.events import COMPLETED, publish_order, state_payload
from checkout.locks import lock_order
from checkout.models import Order
from checkout.states import OrderState

log = structlog.get_logger(__name__)


def due_orders(*, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Return (order, client) of those whose days are over."""
    shipped = Order.objects.filter(state=OrderState.SHIPPED, shipped_at__lte=now - _days())
    return list(shipped.order_by("shipped_at").values_list("public_id", "client")[:limit])


@transaction
def complete_order(*, order_id: str, client: str, now: datetime) -> bool:
    """Complete an order whose days are over; return whether they still were.

    :raises CheckoutNotFound: ``order_not_found``.
    """
    order = lock_order(order_id=order_id, client=client)
    if order.state != OrderState.SHIPPED or order.shipped_at is None or order.shipped_at > now - _days():
        return False
    order.state = OrderState.COMPLETED
    order.save(update_fields=["state"])
    publish_order(order=order, type=COMPLETED, payload=state_payload(order), now=now)
    log.info("order.completed", order=order_id)
    return True


def _days() -> timedelta:
    return timedelta(days=settings.ORDER_COMPLETED_DAYS)
