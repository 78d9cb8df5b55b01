"""What was true at another time. The past is summed from sums per day, and from what was posted since the last seal.

Days are days in UTC. A transaction counts on the day of its effective time; one that came late into a closed period
counts in the open one. Nothing that is recorded later changes what was known on an earlier day: ask with
``recorded_through`` to see the books as they stood then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from ledger import queries
from ledger.models import Account
from ledger.money import Money
from ledger.queries import AccountBalance

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)

_SUMS = """
    WITH moved AS (
        SELECT
            d.account_id,
            d.debits_minor AS debits,
            d.credits_minor AS credits
        FROM ledger_daily_sum AS d
        WHERE
            d.account_id = ANY(%(accounts)s) AND d.effective_on BETWEEN %(since)s AND %(through)s
            AND d.recorded_on <= %(recorded_through)s
        UNION ALL
        SELECT
            e.account_id,
            CASE e.direction WHEN 'D' THEN e.amount_minor ELSE 0 END,
            CASE e.direction WHEN 'C' THEN e.amount_minor ELSE 0 END
        FROM ledger_entry AS e
        -- One by one (OFFSET forbids another plan): they are those of some seconds, and the planner takes them for a
        -- third of all there are.
        CROSS JOIN LATERAL (
            SELECT t.effective_at, t.recorded_at FROM ledger_transaction AS t WHERE t.id = e.id >> 10 OFFSET 0
        ) AS t
        WHERE
            e.id >= ((SELECT coalesce(max(p.through_id), 0) FROM ledger_seal_position AS p) + 1) << 10
            AND e.account_id = ANY(%(accounts)s) AND e.status = 'P'
            AND (t.effective_at AT TIME ZONE 'UTC')::date BETWEEN %(since)s AND %(through)s
            AND (t.recorded_at AT TIME ZONE 'UTC')::date <= %(recorded_through)s
    )

    SELECT account_id, sum(debits)::bigint, sum(credits)::bigint FROM moved GROUP BY account_id
"""

_LINES = """
    WITH found AS (
        SELECT
            e.id,
            t.effective_at,
            t.reference,
            t.kind,
            t.description,
            CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END AS amount
        FROM ledger_daily_sum AS d
        INNER JOIN ledger_entry AS e
            ON e.account_id = d.account_id AND e.stripe = d.stripe
            AND e.account_version BETWEEN d.first_version AND d.last_version
        INNER JOIN ledger_transaction AS t ON t.id = e.id >> 10
        WHERE
            d.account_id = %(account)s AND d.effective_on BETWEEN %(since)s AND %(through)s AND e.status = 'P'
            AND e.id < ((SELECT coalesce(max(p.through_id), 0) FROM ledger_seal_position AS p) + 1) << 10
            AND (t.effective_at AT TIME ZONE 'UTC')::date = d.effective_on
            AND (t.recorded_at AT TIME ZONE 'UTC')::date = d.recorded_on
        UNION ALL
        SELECT
            e.id,
            t.effective_at,
            t.reference,
            t.kind,
            t.description,
            CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END
        FROM ledger_entry AS e
        INNER JOIN ledger_transaction AS t ON t.id = e.id >> 10
        WHERE
            e.id >= ((SELECT coalesce(max(p.through_id), 0) FROM ledger_seal_position AS p) + 1) << 10
            AND e.account_id = %(account)s AND e.status = 'P'
            AND (t.effective_at AT TIME ZONE 'UTC')::date BETWEEN %(since)s AND %(through)s
    )

    SELECT id, effective_at, reference, kind, description, amount FROM found
    WHERE (effective_at, id) > (%(after_at)s, %(after_id)s)
    ORDER BY effective_at, id
    LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a statement; ``amount_minor`` is above zero on the debit side. ``entry_id`` orders equal times."""

    entry_id: int
    effective_at: datetime
    reference: str
    kind: str
    description: str
    amount_minor: int


def moved(
    *,
    book: str,
    since: date = FIRST_DAY,
    through: date = LAST_DAY,
    recorded_through: date = LAST_DAY,
    account: Account | None = None,
) -> list[AccountBalance]:
    """Return what each account of the book (or one) was debited and credited on the days from since through through.

    With the first day left out, that is the balance at the end of ``through``.

    :raises LedgerNotFound: ``book_not_found``.
    """
    queries.book(code=book)
    found = Account.objects.filter(book__code=book).select_related("book").order_by("code", "currency")
    days = {"since": since, "through": through, "recorded_through": recorded_through}
    return moved_of(accounts=[account] if account else list(found), **days)


def moved_of(
    *, accounts: Sequence[Account], since: date, through: date, recorded_through: date = LAST_DAY
) -> list[AccountBalance]:
    """Return the same of some accounts of whatever books, each with its book, in their order."""
    keys = [row.pk for row in accounts]
    with connection.cursor() as cursor:
        cursor.execute(
            _SUMS, {"accounts": keys, "since": since, "through": through, "recorded_through": recorded_through}
        )
        sums = {row[0]: row[1:] for row in cursor.fetchall()}
    return [
        AccountBalance(row.book.code, row.code, row.currency, row.type, row.normal_side, *sums.get(row.pk, (0, 0)))
        for row in accounts
    ]


def balance_as_of(*, account: Account, through: date, recorded_through: date = LAST_DAY) -> AccountBalance:
    """Return what an account held at the end of a day, as was known at the end of another."""
    (row,) = moved(book=account.book.code, through=through, recorded_through=recorded_through, account=account)
    return row


def lines(*, account: Account, since: date, through: date, after: Line | None = None, limit: int) -> list[Line]:
    """Return up to ``limit`` posted entries of an account by effective time, from ``since`` or behind ``after``."""
    first = max(since, after.effective_at.astimezone(UTC).date()) if after else since
    with connection.cursor() as cursor:
        cursor.execute(
            _LINES,
            {
                "account": account.pk,
                "since": first,
                "through": through,
                "after_at": after.effective_at if after else datetime(1, 1, 1, tzinfo=UTC),
                "after_id": after.entry_id if after else 0,
                "limit": limit,
            },
        )
        return [Line(*row) for row in cursor.fetchall()]


def opening(*, account: Account, since: date) -> Money:
    """Return what an account held before a day began."""
    if since == FIRST_DAY:
        return Money(0, account.currency)
    return balance_as_of(account=account, through=since - timedelta(days=1)).balance
