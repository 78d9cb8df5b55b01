"""Celery tasks of the ledger: sweeps, each of which finds in the database what is due."""

from datetime import UTC, datetime

from celery import shared_task

from ledger.expire_holds import expire_holds

SWEEP_LIMIT = 500  # at most this many holds a sweep: the next one is seconds away


@shared_task(name="ledger.expire_holds")
def expire_due_holds() -> None:
    """Release what holds promised whose time is over."""
    expire_holds(now=datetime.now(UTC), limit=SWEEP_LIMIT)
