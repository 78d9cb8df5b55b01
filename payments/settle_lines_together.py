"""Settle lines that are just what we know, and those that plainly are not, many in one commit."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, connection
from django_subatomic.db import transaction, transaction_required

from exactly_once.errors import TallyError
from exactly_once.retry import retry_on_conflict
from ledger import journal
from ledger.drafts import TransactionDraft
from ledger.money import Money
from payments import settlement_rules
from payments.by_index import by_index
from payments.chart import ensure_settlement_chart
from payments.settle_odd_lines import settle_odd_lines
from payments.settlement_rules import SettlementOf
from payments.states import SETTLED_APART, LineState

log = structlog.get_logger(__name__)

APART = [str(resolution) for resolution in SETTLED_APART]

# New lines, the earliest first; whoever settles one of them has it.
_DUE = """
SELECT id FROM payments_settlementline
WHERE state = 'new' AND checks = 0
ORDER BY occurred_at, id
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
"""
# A line is known by its payment and by the capture that it names, or by its payment's only one; by the refund that it
# names; and a fee by itself is whatever the PSP says. What more than one thing could be, or is settled, or differs in
# anything, is for settle_line.py. Of several lines that are one thing, the earliest is it.
_SETTLE = """
WITH due AS MATERIALIZED (
    SELECT l.* FROM payments_settlementline AS l WHERE l.id = ANY(%(due)s)
),

found AS (
    SELECT l.id, l.occurred_at, l.kind, c.id AS capture_id, NULL::bigint AS refund_id, i.book
    FROM due AS l
    INNER JOIN payments_attempt AS a
        ON a.psp = l.psp AND a.psp_account = l.psp_account AND a.psp_reference = l.payment_reference
    INNER JOIN payments_paymentintent AS i ON a.intent_id = i.id
    INNER JOIN payments_capture AS c
        ON
            a.id = c.attempt_id AND c.state = 'succeeded'
            AND c.amount_minor = l.gross_minor AND c.currency = l.currency
    WHERE
        l.kind = 'charge' AND l.original_minor IS NULL
        AND (
            c.psp_reference = l.psp_reference
            OR c.uuid = l.our_id
            OR (
                c.psp_reference IS NULL
                AND NOT EXISTS (
                    SELECT FROM payments_capture AS o
                    WHERE o.attempt_id = a.id AND o.id <> c.id AND o.state <> 'failed'
                )
            )
        )
        AND NOT EXISTS (
            SELECT FROM payments_capture AS o
            WHERE o.psp_reference = l.psp_reference AND l.psp_reference <> '' AND o.id <> c.id
        )
        -- What breaks held of it, and hold no more, is a part of what the line has to say.
        AND NOT EXISTS (
            SELECT FROM payments_break AS b
            WHERE b.attempt_id = a.id AND b.in_suspense AND b.resolution = ANY(%(apart)s)
        )
    UNION ALL
    SELECT l.id, l.occurred_at, l.kind, NULL, r.id, i.book
    FROM due AS l
    INNER JOIN payments_refund AS r
        ON
            r.psp_reference = l.psp_reference AND r.state = 'succeeded'
            AND r.amount_minor = -l.gross_minor AND r.currency = l.currency
    INNER JOIN payments_attempt AS a
        ON r.attempt_id = a.id AND a.psp = l.psp AND a.psp_account = l.psp_account
    INNER JOIN payments_paymentintent AS i ON a.intent_id = i.id
    WHERE l.kind = 'refund' AND l.original_minor IS NULL AND l.psp_reference <> ''
    UNION ALL
    SELECT l.id, l.occurred_at, l.kind, NULL, NULL, %(book)s
    FROM due AS l
    WHERE l.kind = 'fee' AND l.gross_minor = 0 AND l.original_minor IS NULL
),

counted AS (
    SELECT
        f.*,
        count(*) OVER (PARTITION BY f.id) AS meanings,
        row_number() OVER (
            PARTITION BY f.kind, coalesce(f.capture_id, f.refund_id, -f.id) ORDER BY f.occurred_at, f.id
        ) AS place
    FROM found AS f
),

settled AS (
    UPDATE payments_settlementline AS l
    SET
        state = 'matched', detail = '', settled_at = %(now)s, book = k.book,
        capture_id = k.capture_id, refund_id = k.refund_id,
        booked_fee_minor = l.fee_minor, checks = l.checks + 1
    FROM counted AS k
    WHERE
        l.id = k.id AND k.meanings = 1 AND k.place = 1
        AND NOT EXISTS (
            SELECT FROM payments_settlementline AS o WHERE o.capture_id = k.capture_id AND o.kind = k.kind
        )
        AND NOT EXISTS (
            SELECT FROM payments_settlementline AS o WHERE o.refund_id = k.refund_id AND o.kind = k.kind
        )
    RETURNING l.id, l.book, l.psp, l.psp_account, l.line_id, l.fee_minor, l.currency, l.occurred_at
)

SELECT * FROM settled ORDER BY occurred_at, id
"""


@dataclass(frozen=True, slots=True)
class Together:
    """What came of a page of new lines: how many ended, by state, and which are to be looked at one by one."""

    by_state: Counter[LineState]
    left: list[int]


def settle_lines_together(*, limit: int, now: datetime) -> Together:
    """Settle those of up to ``limit`` new lines, the earliest first, of which one statement can say what they are.

    Each one's fee is posted under the name that :func:`payments.settle_line.settle_line` gives it. Where the books do
    not take one of them, none is settled.
    """
    try:
        return _settle(limit, now)
    except (TallyError, IntegrityError) as refusal:
        log.warning("settlement.page_refused", refusal=str(refusal))
        with transaction():
            return Together(Counter(), _due(limit))


@retry_on_conflict
@transaction
def _settle(limit: int, now: datetime) -> Together:
    due = _due(limit)
    if not due:
        return Together(Counter(), [])
    named: dict[str, Any] = {"due": due, "now": now, "book": settings.PAYMENTS_BOOK, "apart": APART}
    with by_index() as cursor:
        cursor.execute(_SETTLE, named)
        settled = cursor.fetchall()
    matched = {row[0] for row in settled}
    odd = settle_odd_lines(due=[pk for pk in due if pk not in matched], now=now)
    fees = [
        (line.book, line.psp, line.psp_account, line.line_id, line.fee_minor, line.currency, line.occurred_at)
        for line in odd
    ]
    _post_fees([row[1:] for row in settled] + fees)
    states = Counter(LineState(line.state) for line in odd)
    if matched:
        states[LineState.MATCHED] = len(matched)
    done = matched | {line.pk for line in odd}
    log.info("settlement.settled_together", lines=len(done), left=len(due) - len(done))
    return Together(states, [pk for pk in due if pk not in done])


@transaction_required
def _due(limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"limit": limit})
        return [pk for (pk,) in cursor.fetchall()]


@transaction_required
def _post_fees(settled: list[tuple[Any, ...]]) -> None:
    drafts: dict[str, list[TransactionDraft]] = defaultdict(list)
    places = set()
    for book, psp, account, line_id, fee_minor, currency, occurred_at in settled:
        if not fee_minor:
            continue
        places.add((book, psp, currency))
        rule = settlement_rules.fee_taken if fee_minor > 0 else settlement_rules.fee_returned
        of = SettlementOf(psp, account, line_id, occurred_at)
        drafts[book].append(rule(line=of, money=Money(abs(fee_minor), currency)))
    for book, psp, currency in sorted(places):
        ensure_settlement_chart(book=book, psp=psp, currency=currency)
    for book in sorted(drafts):
        journal.post(book=book, drafts=drafts[book])
