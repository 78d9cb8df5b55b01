"""Check the invariants that operators declared."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from exactly_once.verification import CheckResult
from ledger import queries
from ledger.models import WILDCARD, Account, Invariant
from ledger.money import Money
from ledger.queries import AccountBalance

# One row per account that held something all the time since the cut-off. What it held then is what it holds now, less
# what came since.
_NEVER_EMPTY = """
    WITH since AS (
        SELECT
            e.account_id,
            sum(CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END)
            OVER (PARTITION BY e.account_id ORDER BY t.recorded_at, e.id) AS moved
        FROM ledger_entry AS e
        INNER JOIN ledger_transaction AS t ON t.id = e.id >> 10
        WHERE e.account_id = ANY(%(accounts)s) AND e.status = 'P' AND t.recorded_at >= %(cut_off)s
    ),

    now AS (
        SELECT
            b.account_id,
            sum(b.debits_minor - b.credits_minor) AS net,
            sum(b.debits_minor - b.credits_minor) - coalesce((
                SELECT sum(CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END)
                FROM ledger_entry AS e
                INNER JOIN ledger_transaction AS t ON t.id = e.id >> 10
                WHERE e.account_id = b.account_id AND e.status = 'P' AND t.recorded_at >= %(cut_off)s
            ), 0) AS before
        FROM ledger_balance AS b
        WHERE b.account_id = ANY(%(accounts)s)
        GROUP BY b.account_id
    )

    SELECT n.account_id
    FROM now AS n
    WHERE n.net <> 0 AND n.before <> 0 AND NOT EXISTS (
        SELECT 1 FROM since AS s WHERE s.account_id = n.account_id AND n.before + s.moved = 0
    )
"""


def checks(*, now: datetime) -> Iterator[CheckResult]:
    """Check each invariant; a result names the currencies or accounts that break it, and by how much."""
    for invariant in Invariant.objects.select_related("book").order_by("book__code", "name"):
        checked, wrong = check(invariant, now=now)
        yield CheckResult.of(f"ledger: {invariant.book.code}: {invariant.name}", checked, wrong)


def check(invariant: Invariant, *, now: datetime) -> tuple[int, list[str]]:
    """Return how many currencies or accounts were checked, and what is wrong."""
    if invariant.kind == Invariant.Kind.SUM:
        return _check_sum(invariant)
    return _check_empties(invariant, now)


def _check_sum(invariant: Invariant) -> tuple[int, list[str]]:
    held = _totals(invariant, [invariant.account])
    expected = _totals(invariant, invariant.plus)
    expected.subtract(_totals(invariant, invariant.minus))
    currencies = sorted({*held, *expected})
    wrong = [
        f"{invariant.account} holds {Money(held[currency], currency)}, not {Money(expected[currency], currency)}"
        for currency in currencies
        if held[currency] != expected[currency]
    ]
    return len(currencies), wrong


def _check_empties(invariant: Invariant, now: datetime) -> tuple[int, list[str]]:
    rows = {row.pk: row for row in _accounts(invariant, [invariant.account])}
    cut_off = now - timedelta(days=invariant.within_days or 0)
    with connection.cursor() as cursor:
        cursor.execute(_NEVER_EMPTY, {"accounts": list(rows), "cut_off": cut_off})
        full = [rows[account_id] for (account_id,) in cursor.fetchall()]
    return len(rows), [f"{row.code} has held something since before {cut_off:%Y-%m-%d}" for row in full]


def _totals(invariant: Invariant, codes: Iterable[str]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for row in _accounts(invariant, codes):
        balance: AccountBalance = queries.balance_of(row)
        sums[balance.currency] += balance.balance.amount_minor
    return sums


def _accounts(invariant: Invariant, codes: Iterable[str]) -> list[Account]:
    named = Q(pk__in=[])
    for code in codes:
        stem = code.removesuffix(WILDCARD)
        named |= Q(code=stem)
        if code != stem:
            named |= Q(code__startswith=f"{stem}:")
    return list(queries.with_sums(Account.objects.filter(named, book=invariant.book)))
