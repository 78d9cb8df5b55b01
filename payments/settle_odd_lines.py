"""Settle lines that plainly do not fit what we know, many in one commit: each with a break, and its money in suspense.

Only what can be told from the line and from rows that are there. What may follow from something that is still to
come, or would settle something, is for settle_line.py, which says the same of these.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.models import SettlementLine
from payments.open_break import Finding, open_breaks
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
        ) AS settled
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
)

SELECT c.id, CASE
    WHEN c.attempt_id IS NULL THEN 'missing_internal'
    WHEN c.told <> c.ours THEN 'currency_mismatch'
    ELSE 'duplicate'
END, c.attempt_id, NULL, c.book, NULL, c.ours, c.settled
FROM charges AS c
WHERE c.attempt_id IS NULL OR c.told <> c.ours OR c.settled IS NOT NULL
UNION ALL
SELECT r.id, CASE
    WHEN r.refund_id IS NULL THEN 'missing_internal'
    WHEN r.told <> r.ours THEN 'currency_mismatch'
    WHEN r.settled THEN 'duplicate'
    ELSE 'amount_mismatch'
END, NULL, r.refund_id, r.book, r.amount_minor, r.ours, r.public_id
FROM refunds AS r
WHERE
    r.refund_id IS NULL OR r.told <> r.ours OR r.settled
    OR (r.gross_minor <> -r.amount_minor AND r.place = 1)
UNION ALL
SELECT l.id, 'void', NULL, NULL, NULL, NULL, NULL, NULL
FROM due AS l
WHERE l.kind = 'other' AND l.gross_minor = 0 AND l.fee_minor = 0
"""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a line is; ``ours`` is what the books have of it."""

    state: LineState
    attempt_pk: int | None
    refund_pk: int | None
    book: str
    ours: Money | None
    detail: str


@transaction_required
def settle_odd_lines(*, due: list[int], now: datetime) -> list[SettlementLine]:
    """Settle those of these locked new lines that plainly do not fit; return them, with fees to be posted."""
    with connection.cursor() as cursor:
        cursor.execute(_JUDGE, {"due": due, "pending": [str(state) for state in PENDING_ATTEMPT_STATES]})
        rows = cursor.fetchall()
    lines = {line.pk: line for line in SettlementLine.objects.filter(pk__in=[row[0] for row in rows])}
    odd = [(lines[row[0]], _judged(lines[row[0]], *row[1:])) for row in rows]
    found = [_finding(line, judged) for line, judged in odd if judged.state is not LineState.VOID]
    breaks = open_breaks(findings=found, now=now)
    for line, judged in odd:
        line.state, line.detail, line.settled_at = judged.state, judged.detail[:500], now
        line.book, line.booked_fee_minor, line.checks = judged.book, line.fee_minor, line.checks + 1
        line.refund_id = judged.refund_pk if judged.state is LineState.AMOUNT_MISMATCH else None
        line.finding = breaks.get(_subject(line))
    fields = ["state", "detail", "settled_at", "book", "booked_fee_minor", "checks", "refund", "finding"]
    SettlementLine.objects.bulk_update([line for line, _ in odd], fields)
    return [line for line, _ in odd]


def _subject(line: SettlementLine) -> str:
    return f"line:{line.line_id}"


def _judged(  # noqa: PLR0917 - a row
    line: SettlementLine,
    state: str,
    attempt_pk: int | None,
    refund_pk: int | None,
    book: str | None,
    ours_minor: int | None,
    ours: str | None,
    name: str | None,
) -> _Judged:
    told = Money(line.gross_minor, line.currency)
    is_charge = line.kind == LineKind.CHARGE
    explained = None
    match LineState(state):
        case LineState.MISSING_INTERNAL:
            known = f"No attempt of ours is {line.payment_reference}."
            detail = known if is_charge else f"No refund of ours is {line.psp_reference}."
        case LineState.CURRENCY_MISMATCH:
            detail = f"The payment is in {ours}, and was" if is_charge else f"{name} is in {ours}, and was"
            detail = f"{detail} settled as {told}."
        case LineState.DUPLICATE:
            at_psp = f"{name} is {line.psp_reference} at the PSP, and there is {line.psp_reference}, too."
            detail = f"Another line has settled {name}." if is_charge else at_psp
        case LineState.AMOUNT_MISMATCH:
            promised = Money(int(ours_minor or 0), line.currency)
            detail, explained = f"{name} is of {promised}, and was settled as {told}.", -promised
        case _:
            detail = ""
    return _Judged(LineState(state), attempt_pk, refund_pk, book or settings.PAYMENTS_BOOK, explained, detail)


def _finding(line: SettlementLine, judged: _Judged) -> Finding:
    told = Money(line.gross_minor, line.currency)
    left = told if judged.ours is None else told - judged.ours
    return Finding(
        kind=BreakKind(judged.state),
        book=judged.book,
        psp=line.psp,
        psp_account=line.psp_account,
        subject=_subject(line),
        money=Money(abs(left.amount_minor), left.currency),
        received=left.amount_minor > 0,
        in_suspense=left.amount_minor != 0,
        detail=judged.detail,
        psp_reference=line.psp_reference,
        attempt_pk=judged.attempt_pk,
    )
