"""An account's entries a page at a time, in the order of its history.

Not here: statements, which go by the effective date and read sums per day (history.py, reports/statement.py).
"""

from dataclasses import dataclass
from datetime import datetime

from ledger.models import ENTRIES_BITS, Account, Entry
from ledger.queries import stripes_of

STRIPE_BITS = 6  # of a place: MAX_STRIPES is 64

# The index that keeps each stripe's versions without a gap is read backwards, once per stripe. Ids would tell the time
# better, but they are drawn before the balance is locked, and no index has them by account. What is not asked for is
# a constant to the planner: binding is the client's, so a NULL condition is gone before the plan is made.
_PAGE = """
SELECT e.*, t.reference, t.kind, t.effective_at
FROM (
    SELECT i.*
    FROM generate_series(0, %(stripes)s - 1) AS s (stripe)
    CROSS JOIN LATERAL (
        SELECT r.* FROM ledger_entry AS r
        WHERE
            r.account_id = %(account)s AND r.stripe = s.stripe
            AND r.account_version < %(version)s::bigint + (s.stripe < %(stripe)s)::integer
            AND (%(direction)s::text IS NULL OR r.direction = %(direction)s)
            AND (%(status)s::text IS NULL OR r.status = %(status)s)
            AND (
                %(any_time)s
                OR EXISTS (
                    SELECT FROM ledger_transaction AS d
                    WHERE
                        d.id = r.id >> %(bits)s
                        AND d.effective_at >= coalesce(%(effective_from)s::timestamptz, '-infinity')
                        AND d.effective_at < coalesce(%(effective_before)s::timestamptz, 'infinity')
                    OFFSET 0
                )
            )
        ORDER BY r.account_version DESC
        LIMIT %(limit)s
    ) AS i
    ORDER BY i.account_version DESC, i.stripe DESC
    LIMIT %(limit)s
) AS e
INNER JOIN ledger_transaction AS t ON t.id = e.id >> %(bits)s
ORDER BY e.account_version DESC, e.stripe DESC
"""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; ``direction`` and ``status`` are the codes of the model. None is any."""

    effective_from: datetime | None = None
    effective_before: datetime | None = None
    direction: str | None = None
    status: str | None = None


def place_of(entry: Entry) -> int:
    """Return an entry's place in its account: unique there, and higher the later it comes in its stripe's history."""
    return (entry.account_version << STRIPE_BITS) | entry.stripe


def entries_page(*, account: Account, wanted: EntryFilter, limit: int, before: int | None = None) -> list[Entry]:
    """Return up to ``limit`` entries, the latest first, that come before the place ``before``.

    Each has its transaction's ``reference``, ``kind`` and ``effective_at``. With several stripes the order is that of
    the versions, and so only roughly that of time; it is total, and no row of a page that was read moves.
    """
    place = (1 << 62) if before is None else before
    rows = Entry.objects.raw(
        _PAGE,
        {
            "account": account.pk,
            "stripes": stripes_of(account),
            "version": place >> STRIPE_BITS,
            "stripe": place & ((1 << STRIPE_BITS) - 1),
            "direction": wanted.direction,
            "status": wanted.status,
            "any_time": wanted.effective_from is None and wanted.effective_before is None,
            "effective_from": wanted.effective_from,
            "effective_before": wanted.effective_before,
            "limit": limit,
            "bits": ENTRIES_BITS,
        },
    )
    return list(rows)
