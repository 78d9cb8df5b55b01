"""Races that were lost once, each with the interleaving that lost it. The storm (test_storm.py) looks for more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import psycopg
import pytest
from django.db import connection

from ledger.close_period import close_period
from ledger.drafts import TransactionDraft
from ledger.models import LateTransaction, Transaction
from tests.ledger.books import BOOK, NOW, as_owner, open_test_book, post, sale
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


@contextmanager
def blocked(statement: str, act: Callable[[], object]) -> Iterator[psycopg.Connection]:
    """Run ``act`` in a thread that waits for a lock which ``statement`` took on another connection, until the end."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    with as_owner() as other:
        other.execute(statement.encode())
        thread.start()
        eventually(lambda: waiting() == 1, "the other waits for a lock")
        yield other
    thread.join(timeout=30)
    assert not thread.is_alive()


def waiting() -> int:
    """Return how many backends wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("drafts", [[sale("r-1")], [sale("r-1"), sale("r-2")]])
def test_a_posting_that_waits_while_its_period_is_closed_comes_late(drafts: list[TransactionDraft]) -> None:
    # Given the posting cannot write yet, and whoever closes cannot see it as a writer
    line = NOW + timedelta(days=1)
    with blocked("LOCK TABLE ledger_transaction IN SHARE MODE", lambda: post(*drafts)):
        # When
        close_period(book=BOOK, open_from=line)
    # Then
    assert set(Transaction.objects.values_list("effective_at", flat=True)) == {line}
    assert LateTransaction.objects.count() == len(drafts)
