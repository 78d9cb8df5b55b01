"""Find what we know that a PSP took or paid back, and that its settlement does not tell: by age."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction

from ledger.money import Money
from payments.locks import lock_break
from payments.open_break import Finding, open_break
from payments.resolve_break import supersede_break
from payments.states import BreakKind, BreakState

log = structlog.get_logger(__name__)

# What is older is not looked for: it was before us, or people know.
LOOK_BACK = timedelta(days=90)

# What is in no line, though the account's settlement is read beyond the time by which it should be. A line about the
# same payment that is nothing else's may be it, in another amount or currency: that one has a break already.
_MISSING = """
WITH read AS (
    SELECT l.psp, l.psp_account, max(l.occurred_at) AS through FROM payments_settlementline AS l GROUP BY 1, 2
),

known AS (
    SELECT
        'capture' AS what, c.id, c.public_id, a.id AS attempt_id, i.book, a.psp, a.psp_account,
        coalesce(a.psp_reference, '') AS payment, c.amount_minor, c.currency,
        coalesce(c.settled_at, c.created_at) AS moved_at
    FROM payments_capture AS c
    INNER JOIN payments_attempt AS a ON c.attempt_id = a.id
    INNER JOIN payments_paymentintent AS i ON a.intent_id = i.id
    WHERE
        c.state = 'succeeded' AND c.created_at BETWEEN %(since)s AND %(until)s
        AND NOT EXISTS (SELECT FROM payments_settlementline AS l WHERE l.capture_id = c.id AND l.kind = 'charge')
    UNION ALL
    SELECT
        'refund', r.id, r.public_id, a.id, i.book, a.psp, a.psp_account,
        coalesce(a.psp_reference, ''), r.amount_minor, r.currency, coalesce(r.settled_at, r.created_at)
    FROM payments_refund AS r
    INNER JOIN payments_attempt AS a ON r.attempt_id = a.id
    INNER JOIN payments_paymentintent AS i ON a.intent_id = i.id
    WHERE
        r.state = 'succeeded' AND r.created_at BETWEEN %(since)s AND %(until)s
        AND NOT EXISTS (SELECT FROM payments_settlementline AS l WHERE l.refund_id = r.id AND l.kind = 'refund')
    UNION ALL
    SELECT
        'refund', r.id, r.public_id, b.attempt_id, b.book, r.psp, r.psp_account,
        r.payment_reference, r.amount_minor, r.currency, coalesce(r.settled_at, r.created_at)
    FROM payments_breakrefund AS r
    INNER JOIN payments_break AS b ON r.about_id = b.id
    WHERE
        r.state = 'succeeded' AND r.created_at BETWEEN %(since)s AND %(until)s
        AND NOT EXISTS (SELECT FROM payments_settlementline AS l WHERE l.break_refund_id = r.id AND l.kind = 'refund')
)

SELECT k.what, k.public_id, k.attempt_id, k.book, k.psp, k.psp_account, k.payment, k.amount_minor, k.currency
FROM known AS k
INNER JOIN read ON k.psp = read.psp AND k.psp_account = read.psp_account
WHERE
    k.moved_at + %(age)s <= read.through AND k.moved_at <= %(until)s
    AND NOT EXISTS (
        SELECT FROM payments_settlementline AS l
        WHERE
            l.payment_reference = k.payment AND l.payment_reference <> ''
            AND l.psp = k.psp AND l.psp_account = k.psp_account
            AND l.kind = CASE k.what WHEN 'capture' THEN 'charge' ELSE 'refund' END
            AND l.capture_id IS NULL AND l.refund_id IS NULL AND l.break_refund_id IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM payments_break AS b
        WHERE
            b.psp = k.psp AND b.psp_account = k.psp_account AND b.subject = k.what || ':' || k.public_id
            AND b.resolution <> 'superseded'
    )
ORDER BY k.moved_at, k.what, k.id
LIMIT %(limit)s
"""
_TOLD_BY_NOW = """
SELECT b.public_id
FROM payments_break AS b
WHERE
    b.kind = 'missing_external' AND b.state = 'open'
    AND (
        EXISTS (
            SELECT FROM payments_settlementline AS l
            INNER JOIN payments_capture AS c ON l.capture_id = c.id
            WHERE b.subject = 'capture:' || c.public_id AND c.attempt_id = b.attempt_id AND l.kind = 'charge'
        )
        OR EXISTS (
            SELECT FROM payments_settlementline AS l
            INNER JOIN payments_refund AS r ON l.refund_id = r.id
            WHERE b.subject = 'refund:' || r.public_id AND r.attempt_id = b.attempt_id AND l.kind = 'refund'
        )
        OR EXISTS (
            SELECT FROM payments_settlementline AS l
            INNER JOIN payments_breakrefund AS r ON l.break_refund_id = r.id
            WHERE b.subject = 'refund:' || r.public_id AND r.psp = b.psp AND l.kind = 'refund'
        )
    )
ORDER BY b.id
"""


@dataclass(frozen=True, slots=True)
class _Missing:
    what: str
    public_id: str
    attempt_pk: int | None
    book: str
    psp: str
    psp_account: str
    payment: str
    amount_minor: int
    currency: str


def find_missing_lines(*, limit: int, now: datetime) -> int:
    """Open a break for up to ``limit`` captures and refunds that are missing; return how many.

    Those whose line has come by now are superseded. No money is in suspense: the PSP has not said that it moved any.
    """
    for break_id in _rows(_TOLD_BY_NOW, {}):
        _supersede(break_id[0], now)
    age = timedelta(days=settings.SETTLEMENT_MISSING_DAYS)
    named = {"since": now - LOOK_BACK, "until": now - age, "age": age, "limit": limit}
    missing = [_Missing(*row) for row in _rows(_MISSING, named)]
    for each in missing:
        _open(each, now)
    return len(missing)


@transaction
def _open(missing: _Missing, now: datetime) -> None:
    money = Money(missing.amount_minor, missing.currency)
    finding = Finding(
        kind=BreakKind.MISSING_EXTERNAL,
        book=missing.book,
        psp=missing.psp,
        psp_account=missing.psp_account,
        subject=f"{missing.what}:{missing.public_id}",
        money=money,
        received=missing.what == "refund",
        in_suspense=False,
        detail=f"The {missing.what} {missing.public_id} of {money} is in no line of the settlement.",
        psp_reference=missing.payment,
        attempt_pk=missing.attempt_pk,
    )
    open_break(finding=finding, now=now)


@transaction
def _supersede(break_id: str, now: datetime) -> None:
    held = lock_break(break_id=break_id)
    if held.state == BreakState.OPEN:
        supersede_break(held=held, reason="the PSP's settlement tells of it by now", now=now)


def _rows(statement: str, named: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return list(cursor.fetchall())
