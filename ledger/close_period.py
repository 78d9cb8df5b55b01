"""Close a book's past."""

from datetime import datetime

from django.db import connection
from django_subatomic.db import transaction_required

from ledger.errors import LedgerNotFound


@transaction_required
def close_period(*, book: str, open_from: datetime) -> None:
    """Take no more entries that are dated before ``open_from``; an earlier close stays where it is.

    Waits for the postings that are under way. What comes late is posted to the open period and cites its own date.

    :raises LedgerNotFound: ``book_not_found``.
    :raises ValueError: ``open_from`` has no time zone.
    """
    if open_from.tzinfo is None:
        raise ValueError("open_from needs a time zone")
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_close_period(%s, %s)", [book, open_from])
        (found,) = cursor.fetchone()
    if not found:
        raise LedgerNotFound(code="book_not_found", detail=f"There is no book {book!r}.")
