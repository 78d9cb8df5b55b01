"""Seal what was posted: a chain of Merkle blocks per book, and the sums per day, a moment behind the postings."""

from datetime import datetime

from django.db import connection
from django.db.models import Min
from django_subatomic.db import transaction

from ledger.horizon import settled_through
from ledger.models import SealPosition, Transaction

BLOCK = 10_000  # transactions: a block's leaves are some megabytes in memory while it is sealed
# A posting that hangs only delays the next seal: the task comes again.
WAIT_SECONDS = 5


def seal() -> int:
    """Seal all that is settled; return how many transactions that were.

    :raises HorizonBlocked: a database transaction that writes the books hangs.
    """
    through = settled_through(wait_seconds=WAIT_SECONDS)
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_seal(%s, %s)", [through, BLOCK])
        (sealed,) = cursor.fetchone()
    return int(sealed)


def sealed_through() -> int:
    """Return the id up to which everything is sealed and in the sums per day."""
    return SealPosition.objects.values_list("through_id", flat=True).first() or 0


def lag_seconds(*, now: datetime) -> float:
    """Return the age of the oldest transaction that is not sealed, 0 where all are."""
    oldest = Transaction.objects.filter(pk__gt=sealed_through()).aggregate(oldest=Min("recorded_at"))["oldest"]
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
