"""How many large batches a process has under way at once. Those that wait hold no database connection meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.db import connection

from exactly_once.errors import TryLater

# A batch keeps one core busy and its accounts locked: more at once only wait for each other inside the database.
BATCHES_AT_ONCE = 2
WAIT_SECONDS = 10  # longer than the largest batch takes; a client that is told to come again has lost nothing
RETRY_AFTER_SECONDS = 2

_slots = BoundedSemaphore(BATCHES_AT_ONCE)


@contextmanager
def admitted(*, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Enter with one of the process's places for batches; wait for one, with the connection given back to the pool.

    Call it before the transaction begins: inside one there is no connection to give back.

    :raises TryLater: ``ledger_busy``: no place within ``wait_seconds``.
    """
    if connection.in_atomic_block:
        raise RuntimeError("admission comes before the transaction")
    if not _slots.acquire(blocking=False):
        connection.close()
        if not _slots.acquire(timeout=wait_seconds):
            raise TryLater(
                code="ledger_busy",
                detail="Other batches are being posted. Try again.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
    try:
        yield
    finally:
        _slots.release()
