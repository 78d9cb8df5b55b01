"""Settle lines that plainly do not fit what we know, many in one commit: each with a break, and its money in suspense.

Only what can be told from the line and from rows that are there. What may follow from something that is still to
come, or would settle something, is for settle_line.py, which says the same of these.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction_required
from psycopg.types.json import Jsonb

from ledger.money import Money
from payments.by_index import by_index
from payments.locks import lock_attempts
from payments.models import Attempt, SettlementLine
from payments.open_break import Finding, open_breaks
from payments.psp.outcomes import Approved
from payments.report_mismatch import mismatch_of
from payments.states import PENDING_ATTEMPT_STATES, BreakKind, LineKind, LineState

# Of each line: what it is, and of what; nothing of a line that may be something else.
_JUDGE = """
WITH due AS MATERIALIZED (
    SELECT l.* FROM payments_settlementline AS l
    WHERE l.id = ANY(%(due)s) AND l.state = 'new' AND l.original_minor IS NULL
),

charges AS (
    SELECT
        l.id, l.currency AS told, a.id AS attempt_id, a.currency AS ours, i.book,
        (
            SELECT min(c.public_id) FROM payments_capture AS c
            INNER JOIN payments_attempt AS o ON c.attempt_id = o.id AND o.psp = l.psp AND o.psp_account = l.psp_account
            WHERE c.psp_reference = l.psp_reference AND l.psp_reference <> '' AND c.state <> 'failed'
            HAVING
                bool_and(EXISTS (
                    SELECT FROM payments_settlementline AS s WHERE s.capture_id = c.id AND s.kind = 'charge'
                ))
        ) AS settled,
        -- All that was taken, and what is settled is another sum: nobody has looked at this payment yet.
        CASE WHEN
            a.state = 'captured'
            AND NOT EXISTS (SELECT FROM payments_break AS b WHERE b.attempt_id = a.id)
            AND NOT EXISTS (SELECT FROM payments_decision AS d WHERE d.attempt_id = a.id)
            THEN (
                SELECT min(c.id) FROM payments_capture AS c
                WHERE c.psp_reference = l.psp_reference AND l.psp_reference <> '' AND c.state <> 'failed'
                HAVING
                    count(*) = 1 AND min(c.attempt_id) = a.id AND min(c.state) = 'succeeded'
                    AND min(c.amount_minor) = a.captured_minor AND min(c.amount_minor) <> l.gross_minor
                    AND NOT EXISTS (
                        SELECT FROM payments_settlementline AS s WHERE s.capture_id = min(c.id) AND s.kind = 'charge'
                    )
            )
        END AS whole_capture_id,
        row_number() OVER (PARTITION BY a.id ORDER BY l.occurred_at, l.id) AS place
    FROM due AS l
    LEFT JOIN payments_attempt AS a
        ON a.psp = l.psp AND a.psp_account = l.psp_account AND a.psp_reference = l.payment_reference
    LEFT JOIN payments_paymentintent AS i ON a.intent_id = i.id
    WHERE
        l.kind = 'charge' AND l.our_id IS NULL AND l.gross_minor > 0
        AND (a.id IS NOT NULL OR NOT EXISTS (
            SELECT FROM payments_attempt AS p
            WHERE
                p.psp = l.psp AND p.psp_account = l.psp_account AND p.psp_reference IS NULL
                AND p.state = ANY(%(pending)s) AND p.currency = l.currency AND p.amount_minor >= l.gross_minor
        ))
),

refunds AS (
    SELECT
        l.id, l.currency AS told, l.gross_minor, r.id AS refund_id, r.public_id, r.psp_reference,
        r.amount_minor, r.currency AS ours, i.book,
        EXISTS (
            SELECT FROM payments_settlementline AS s WHERE s.refund_id = r.id AND s.kind = 'refund'
        ) AS settled,
        row_number() OVER (PARTITION BY r.id ORDER BY l.occurred_at, l.id) AS place
    FROM due AS l
    LEFT JOIN (payments_refund AS r
        INNER JOIN payments_attempt AS a ON r.attempt_id = a.id
        INNER JOIN payments_paymentintent AS i ON a.intent_id = i.id)
        ON r.psp_reference = l.psp_reference AND a.psp = l.psp AND a.psp_account = l.psp_account
    WHERE
        l.kind = 'refund' AND l.our_id IS NULL AND l.psp_reference <> ''
        AND (r.id IS NOT NULL OR NOT EXISTS (
            SELECT FROM payments_refund AS p
            INNER JOIN payments_attempt AS o ON p.attempt_id = o.id
            WHERE
                o.psp = l.psp AND o.psp_account = l.psp_account AND p.psp_reference IS NULL
                AND p.state IN ('pending', 'requires_action')
                AND p.currency = l.currency AND p.amount_minor = abs(l.gross_minor)
        ))
        AND NOT EXISTS (
            SELECT FROM payments_breakrefund AS p
            INNER JOIN payments_break AS b ON p.about_id = b.id AND b.psp = l.psp AND b.psp_account = l.psp_account
            WHERE p.psp_reference = l.psp_reference
        )
        AND NOT EXISTS (
            SELECT FROM payments_breakrefund AS p
            INNER JOIN payments_break AS b ON p.about_id = b.id AND b.psp = l.psp AND b.psp_account = l.psp_account
            WHERE
                p.psp_reference IS NULL AND p.state IN ('pending', 'requires_action')
                AND p.currency = l.currency AND p.amount_minor = abs(l.gross_minor)
        )
)

SELECT c.id, CASE
    WHEN c.attempt_id IS NULL THEN 'missing_internal'
    WHEN c.told <> c.ours THEN 'currency_mismatch'
    WHEN c.settled IS NOT NULL THEN 'duplicate'
    ELSE 'amount_mismatch'
END, c.attempt_id, c.whole_capture_id, NULL, c.book, NULL, c.ours, c.settled
FROM charges AS c
WHERE
    c.attempt_id IS NULL OR c.told <> c.ours OR c.settled IS NOT NULL
    OR (c.whole_capture_id IS NOT NULL AND c.place = 1)
UNION ALL
SELECT r.id, CASE
    WHEN r.refund_id IS NULL THEN 'missing_internal'
    WHEN r.told <> r.ours THEN 'currency_mismatch'
    WHEN r.settled THEN 'duplicate'
    ELSE 'amount_mismatch'
END, NULL, NULL, r.refund_id, r.book, r.amount_minor, r.ours, r.public_id
FROM refunds AS r
WHERE
    r.refund_id IS NULL OR r.told <> r.ours OR r.settled
    OR (r.gross_minor <> -r.amount_minor AND r.place = 1)
UNION ALL
SELECT l.id, 'void', NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM due AS l
WHERE l.kind = 'other' AND l.gross_minor = 0 AND l.fee_minor = 0
"""


_END = """
UPDATE payments_settlementline AS l
SET
    state = j.state, detail = j.detail, settled_at = %(now)s, book = j.book, booked_fee_minor = l.fee_minor,
    checks = l.checks + 1, capture_id = j.capture_id, refund_id = j.refund_id, finding_id = j.finding_id
FROM jsonb_to_recordset(%(judged)s) AS j (
    id bigint, state text, detail text, book text, capture_id bigint, refund_id bigint, finding_id bigint
)
WHERE l.id = j.id
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """What the statement says of a line; ``ours`` is what the books have of it."""

    line_pk: int
    state: str
    attempt_pk: int | None
    capture_pk: int | None
    refund_pk: int | None
    book: str | None
    ours_minor: int | None
    ours: str | None
    name: str | None

    @property
    def is_of_the_payment(self) -> bool:
        """Whether what does not fit is the sum of the payment itself."""
        return self.state == LineState.AMOUNT_MISMATCH and self.attempt_pk is not None


@transaction_required
def settle_odd_lines(*, due: list[int], now: datetime) -> list[SettlementLine]:
    """Settle those of these locked new lines that plainly do not fit; return them, with fees to be posted."""
    rows = _judge(due)
    of_payments = [row for row in rows if row.is_of_the_payment]
    attempts = {each.pk: each for each in lock_attempts(pks=[row.attempt_pk or 0 for row in of_payments])}
    if of_payments:  # something may have happened to them before they were locked
        again = {row.line_pk: row for row in _judge([row.line_pk for row in of_payments])}
        rows = [again.get(row.line_pk, row) for row in rows if not row.is_of_the_payment or row.line_pk in again]
    lines = SettlementLine.objects.defer("raw").in_bulk([row.line_pk for row in rows])
    odd = [(lines[row.line_pk], row) for row in rows]
    found = {row.line_pk: _finding(line, row, attempts) for line, row in odd if row.state != LineState.VOID}
    breaks = dict(zip(found, open_breaks(findings=list(found.values()), now=now), strict=True))
    for line, row in odd:
        line.state, line.booked_fee_minor = LineState(row.state), line.fee_minor
        line.book, line.finding = row.book or settings.PAYMENTS_BOOK, breaks.get(row.line_pk)
        line.detail = "" if line.finding is None else line.finding.detail
        line.capture_id = row.capture_pk
        line.refund_id = row.refund_pk if row.state == LineState.AMOUNT_MISMATCH else None
    _end([line for line, _ in odd], now)
    return [line for line, _ in odd]


def _judge(due: list[int]) -> list[_Row]:
    with by_index() as cursor:
        cursor.execute(_JUDGE, {"due": due, "pending": [str(state) for state in PENDING_ATTEMPT_STATES]})
        return [_Row(*row) for row in cursor.fetchall()]


def _end(lines: list[SettlementLine], now: datetime) -> None:
    fields = ("id", "state", "detail", "book", "capture_id", "refund_id", "finding_id")
    judged: Any = Jsonb([{field: getattr(line, field) for field in fields} for line in lines])
    with connection.cursor() as cursor:
        cursor.execute(_END, {"judged": judged, "now": now})


def _finding(line: SettlementLine, row: _Row, attempts: dict[int, Attempt]) -> Finding:
    told = Money(line.gross_minor, line.currency)
    if row.is_of_the_payment:  # a webhook or a look-up that says the same opens no second break
        approved = Approved(line.payment_reference, captured=True, money=told)
        return mismatch_of(attempt=attempts[row.attempt_pk or 0], approved=approved)
    detail, left = _said(line, row, told)
    return Finding(
        kind=BreakKind(row.state),
        book=row.book or settings.PAYMENTS_BOOK,
        psp=line.psp,
        psp_account=line.psp_account,
        subject=f"line:{line.line_id}",
        money=Money(abs(left.amount_minor), left.currency),
        received=left.amount_minor > 0,
        in_suspense=left.amount_minor != 0,
        detail=detail,
        psp_reference=line.psp_reference,
        attempt_pk=row.attempt_pk,
    )


def _said(line: SettlementLine, row: _Row, told: Money) -> tuple[str, Money]:
    """Return what does not fit, for people, and what of the line nothing explains."""
    is_charge = line.kind == LineKind.CHARGE
    match LineState(row.state):
        case LineState.MISSING_INTERNAL if is_charge:
            return f"No attempt of ours is {line.payment_reference}.", told
        case LineState.MISSING_INTERNAL:
            return f"No refund of ours is {line.psp_reference}.", told
        case LineState.CURRENCY_MISMATCH:
            ours = "The payment" if is_charge else row.name
            return f"{ours} is in {row.ours}, and was settled as {told}.", told
        case LineState.DUPLICATE if is_charge:
            return f"Another line has settled {row.name}.", told
        case LineState.DUPLICATE:
            return f"{row.name} is {line.psp_reference} at the PSP, and there is {line.psp_reference}, too.", told
        case _:
            promised = Money(int(row.ours_minor or 0), line.currency)
            return f"{row.name} is of {promised}, and was settled as {told}.", told + promised
