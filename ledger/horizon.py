"""Up to where the journal is settled: no transaction with a smaller id can appear any more."""

import time

from django.db import connection
from django.db.models import Max

from ledger.errors import HorizonBlocked
from ledger.models import Transaction

# A posting takes milliseconds; one that is still open after this hangs, and someone should look.
WAIT_FOR_WRITERS_SECONDS = 30
_WRITERS = """
SELECT DISTINCT l.virtualtransaction
FROM pg_locks AS l
WHERE
    l.relation = 'ledger_transaction'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND l.pid <> pg_backend_pid()
"""


def settled_through(*, wait_seconds: float = WAIT_FOR_WRITERS_SECONDS) -> int:
    """Return the id of the last transaction, once none with a smaller id can appear any more; 0 where there is none.

    Ids are drawn before they are committed, but whoever drew a smaller one was a writer before this one was visible.

    :raises HorizonBlocked: ``horizon_blocked``.
    """
    last: int = Transaction.objects.aggregate(last=Max("id"))["last"] or 0
    wait_for_writers(wait_seconds=wait_seconds)
    return last


def wait_for_writers(*, wait_seconds: float = WAIT_FOR_WRITERS_SECONDS) -> None:
    """Wait for those who write the journal now, and only for them; postings go on meanwhile.

    A writer holds the table's lock from before its statement took its snapshot until it is committed or rolled back.

    :raises HorizonBlocked: ``horizon_blocked``.
    """
    waiting_for = _writers()
    deadline = time.monotonic() + wait_seconds
    while waiting_for:
        if time.monotonic() > deadline:
            raise HorizonBlocked(code="horizon_blocked", detail="A database transaction that writes the books hangs.")
        time.sleep(0.02)
        waiting_for &= _writers()


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS)
        return {virtual_transaction for (virtual_transaction,) in cursor.fetchall()}
