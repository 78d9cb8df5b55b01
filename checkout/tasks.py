"""Celery tasks of checkout."""

from datetime import UTC, datetime

from celery import shared_task

from checkout.expire import due_holds, due_sessions, expire_hold, expire_session

SWEEP_LIMIT = 200  # sessions a sweep; the next one is seconds away


@shared_task(name="checkout.sweep")
def sweep() -> None:
    """Expire sessions and holds whose time has come."""
    now = datetime.now(UTC)
    for session_id, client in due_sessions(now=now, limit=SWEEP_LIMIT):
        expire_session(session_id=session_id, client=client, now=now)
    for session_id, client in due_holds(now=now, limit=SWEEP_LIMIT):
        expire_hold(session_id=session_id, client=client, now=now)
