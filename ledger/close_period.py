"""Close a book's past."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction

from exactly_once import keys
from exactly_once.errors import Refused, TryLater
from exactly_once.keys import KeyedRequest, StoredResponse
from exactly_once.responses import json_response
from ledger import queries
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


def close_period_once(
    *,
    keyed: KeyedRequest,
    book: str,
    open_from: datetime,
    now: datetime,
    refuse: Callable[[Refused], StoredResponse],
) -> StoredResponse:
    """Claim the key, close, and store the answer: closing commits and waits, so no one transaction holds all three.

    The answer tells where the book is open from, which is later than ``open_from`` if it was closed further before.

    :raises LedgerNotFound: ``book_not_found``: the key stays free.
    :raises HorizonBlocked: as `close_period`; the same key may ask again at once.
    :raises KeyReused, KeyInFlight, LeaseLost: nothing is closed by this request.
    """
    claim = keys.once(
        keyed=keyed,
        now=now,
        lease_seconds=settings.IDEMPOTENCY_LEASE_SECONDS,
        work=lambda _claim: _require_book(book),
        refuse=refuse,
    )
    if isinstance(claim, StoredResponse):
        return claim
    try:
        close_period(book=book, open_from=open_from)
    except TryLater:
        keys.release(claim=claim, now=now)
        raise
    closed = queries.book(code=book).open_from
    assert closed is not None, "a book that was closed is open from some time on"
    answer = json_response(200, {"open_from": closed.isoformat()})
    with transaction():
        keys.finish(claim=claim, response=answer, now=now)
    return answer


def _require_book(code: str) -> None:
    queries.book(code=code)
