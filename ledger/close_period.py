"""Close a book's past."""

from datetime import datetime

from django.db import connection
from django_subatomic.db import transaction

from ledger.errors import LedgerNotFound
from ledger.horizon import wait_for_writers


def close_period(*, book: str, open_from: datetime) -> None:
    """Take no more entries that are dated before ``open_from``; an earlier close stays where it is.

    What comes late is posted to the open period and cites its own date. Commits, then waits for the postings that were
    under way meanwhile: when it returns, nothing more can be dated behind the line. Postings never wait for it.

    :raises LedgerNotFound: ``book_not_found``.
    :raises HorizonBlocked: the line is drawn, but a database transaction that began before it hangs. Close again.
    :raises ValueError: ``open_from`` has no time zone.
    """
    if open_from.tzinfo is None:
        raise ValueError("open_from needs a time zone")
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_close_period(%s, %s)", [book, open_from])
        (found,) = cursor.fetchone()
        if not found:
            raise LedgerNotFound(code="book_not_found", detail=f"There is no book {book!r}.")
    wait_for_writers()
