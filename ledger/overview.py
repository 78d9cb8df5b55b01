"""Sums over whole books that are cheap at any size: of balances, and of what one day moved."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import Q, Sum

from ledger import history
from ledger.models import Account, Balance, Book
from ledger.money import Money
from ledger.queries import AccountBalance

# A transaction's entries have its id in front of theirs. Each is looked up by that range of the primary key.
_BY_KIND = """
    SELECT
        t.kind,
        a.code,
        e.currency,
        coalesce(sum(e.amount_minor) FILTER (WHERE e.direction = 'D'), 0)::bigint,
        coalesce(sum(e.amount_minor) FILTER (WHERE e.direction = 'C'), 0)::bigint
    FROM ledger_transaction AS t
    INNER JOIN ledger_entry AS e ON e.id >= t.id << 10 AND e.id < (t.id + 1) << 10
    INNER JOIN ledger_account AS a ON a.id = e.account_id
    WHERE t.effective_at >= %s AND t.effective_at < %s AND t.kind = ANY(%s) AND e.status = 'P'
    GROUP BY t.kind, a.code, e.currency
"""


@dataclass(frozen=True, slots=True)
class KindMoved:
    """What transactions of one kind have moved on an account, in one currency, in whatever book."""

    kind: str
    code: str
    currency: str
    debits_minor: int
    credits_minor: int


@dataclass(frozen=True, slots=True)
class Footing:
    """What is debited and credited on all accounts of one book in one currency."""

    book: str
    debits: Money
    credits: Money

    @property
    def balanced(self) -> bool:
        """Return whether both are the same."""
        return self.debits == self.credits


def footings() -> list[Footing]:
    """Return those of every book and currency."""
    codes = dict(Book.objects.values_list("pk", "code"))
    rows = Balance.objects.values_list("book_id", "currency").annotate(Sum("debits_minor"), Sum("credits_minor"))
    return [
        Footing(codes[book], Money(int(debits), currency), Money(int(credits_), currency))
        for book, currency, debits, credits_ in rows.order_by("book_id", "currency")
    ]


def moved_on(*, day: date, branches: Collection[str]) -> list[AccountBalance]:
    """Return what a day has moved on those accounts of every book whose codes begin with one of these: if it did.

    A book may have any number of others, such as one for each customer: they are not read.
    """
    named = Q.create([("code__startswith", branch) for branch in branches], connector=Q.OR)
    accounts = Account.objects.filter(named).select_related("book").order_by("book", "code", "currency")
    moved = history.moved_of(accounts=list(accounts), since=day, through=day)
    return [row for row in moved if row.debits_minor or row.credits_minor]


def moved_by_kind(*, day: date, kinds: Collection[str]) -> list[KindMoved]:
    """Return what a day's transactions of these kinds have moved."""
    begins = datetime.combine(day, time(), UTC)
    with connection.cursor() as cursor:
        cursor.execute(_BY_KIND, [begins, begins + timedelta(days=1), list(kinds)])
        return [KindMoved(*row) for row in cursor.fetchall()]
