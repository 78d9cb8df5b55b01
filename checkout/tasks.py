"""Celery tasks of checkout."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from celery import shared_task

from checkout.expire import due_holds, due_sessions, expire_hold, expire_session

log = structlog.get_logger(__name__)

SWEEP_LIMIT = 200  # sessions a sweep; the next one is seconds away


@shared_task(name="checkout.sweep")
def sweep() -> None:
    """Expire sessions and holds whose time has come."""
    now = datetime.now(UTC)
    for session_id, client in due_sessions(now=now, limit=SWEEP_LIMIT):
        _tidy(expire_session, session_id, client, now)
    for session_id, client in due_holds(now=now, limit=SWEEP_LIMIT):
        _tidy(expire_hold, session_id, client, now)


def _tidy(verb: Callable[..., object], session_id: str, client: str, now: datetime) -> None:
    """Let no session stand in the way of those behind it: they would hold their stock for as long as it does."""
    try:
        verb(session_id=session_id, client=client, now=now)
    except Exception:
        log.exception("checkout.not_tidied", session=session_id)
