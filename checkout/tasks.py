"""Celery tasks of checkout."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from celery import shared_task

from checkout.complete_orders import complete_order, due_orders
from checkout.expire import due_holds, due_sessions, expire_hold, expire_session
from checkout.expire_carts import expire_carts, forget_carts

log = structlog.get_logger(__name__)

SWEEP_LIMIT = 200  # sessions and orders a sweep; the next one is seconds away


@shared_task(name="checkout.sweep")
def sweep() -> None:
    """Expire sessions, holds and carts, and complete orders, whose time has come."""
    now = datetime.now(UTC)
    for session_id, client in due_sessions(now=now, limit=SWEEP_LIMIT):
        _tidy(expire_session, session_id, client, now)
    expire_carts(now=now, limit=SWEEP_LIMIT)
    forget_carts(now=now, limit=SWEEP_LIMIT)
    for session_id, client in due_holds(now=now, limit=SWEEP_LIMIT):
        _tidy(expire_hold, session_id, client, now)
    for order_id, client in due_orders(now=now, limit=SWEEP_LIMIT):
        _tidy(complete_order, order_id, client, now, of="order_id")


def _tidy(verb: Callable[..., object], public_id: str, client: str, now: datetime, *, of: str = "session_id") -> None:
    """Let nothing stand in the way of what is behind it: sessions would hold their stock for as long as it does."""
    try:
        verb(**{of: public_id}, client=client, now=now)
    except Exception:
        log.exception("checkout.not_tidied", **{of: public_id})
