"""What settlement lines cost and exchanged, from postings."""

from config.replay.projection import Projection

LINES = Projection(
    "ledger",
    "fees and conversions of settlement lines, from postings",
    rebuilt="""
        SELECT t.reference, e.amount_minor, e.currency
        FROM ledger_transaction AS t
        INNER JOIN ledger_entry AS e ON e.id >= t.id << 10 AND e.id < (t.id + 1) << 10 AND e.direction = 'D'
        WHERE
            t.kind IN ('settlement.fee', 'settlement.fee_returned')
            OR (t.kind = 'fx.exchanged' AND t.metadata ? 'settlement_line')
    """,
    # An exchange has two debits: what is sold, and what is bought.
    stored="""
        SELECT concat_ws(':', l.psp, l.psp_account, l.line_id, p.what), p.amount_minor, p.currency
        FROM payments_settlementline AS l
        CROSS JOIN LATERAL (
            VALUES
            (CASE WHEN l.booked_fee_minor > 0 THEN 'fee' ELSE 'fee_returned' END, abs(l.booked_fee_minor), l.currency),
            ('converted', abs(l.original_minor * sign(l.gross_minor)::bigint), l.original_currency),
            ('converted', abs(l.gross_minor * sign(l.original_minor)::bigint), l.currency)
        ) AS p (what, amount_minor, currency)
        WHERE l.state <> 'new' AND p.amount_minor <> 0
    """,
)
