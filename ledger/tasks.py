"""Celery tasks of the ledger: sweeps, each of which finds in the database what is due."""

from datetime import UTC, datetime

import structlog
from celery import shared_task

from ledger.errors import HorizonBlocked
from ledger.expire_holds import expire_holds
from ledger.seal import seal

log = structlog.get_logger(__name__)

SWEEP_LIMIT = 500  # at most this many holds a sweep: the next one is seconds away


@shared_task(name="ledger.expire_holds")
def expire_due_holds() -> None:
    """Release what holds promised whose time is over."""
    expire_holds(now=datetime.now(UTC), limit=SWEEP_LIMIT)


@shared_task(name="ledger.seal")
def seal_what_was_posted() -> None:
    """Seal, and add to the sums per day. Where a posting hangs, the next round seals more."""
    try:
        seal()
    except HorizonBlocked as error:
        log.warning("ledger.seal_delayed", reason=error.detail)
