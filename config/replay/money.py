"""Balances, payments and refunds, from entries and events."""

from config.replay.projection import PAYMENT_BOOKS, Projection

BALANCES = Projection(
    "ledger",
    "balances, from entries",
    rebuilt="""
        SELECT
            e.account_id || '/' || e.stripe AS account,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.status = 'P' AND e.direction = 'D'), 0) AS debits,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.status = 'P' AND e.direction = 'C'), 0) AS credits,
            sum(ledger_low(s.amount_minor, e.status)) AS low,
            sum(ledger_high(s.amount_minor, e.status)) AS high,
            count(*) AS version
        FROM ledger_entry AS e
        CROSS JOIN LATERAL (
            SELECT CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END AS amount_minor
        ) AS s
        GROUP BY e.account_id, e.stripe
    """,
    stored="""
        SELECT
            l.account_id || '/' || l.stripe AS account,
            l.debits_minor, l.credits_minor, l.net_low_minor, l.net_high_minor, l.version
        FROM ledger_balance AS l
        WHERE l.version > 0
    """,
)

# Each state of an intent is published but `processing`, in which it waits for the next; none is before the first.
INTENTS = Projection(
    "effects",
    "payment intents, from their events",
    rebuilt="""
        SELECT DISTINCT ON (o.aggregateid)
            o.aggregateid AS intent,
            o.payload ->> 'state' AS state,
            (o.payload ->> 'amount_minor')::bigint AS amount_minor,
            o.payload ->> 'currency' AS currency
        FROM exactly_once_outboxevent AS o
        WHERE
            o.aggregatetype = 'payment_intent'
            AND NOT EXISTS (
                SELECT FROM payments_paymentintent AS i WHERE i.public_id = o.aggregateid AND i.state = 'processing'
            )
        ORDER BY o.aggregateid, o.aggregate_version DESC
    """,
    stored="""
        SELECT i.public_id, i.state, i.amount_minor, i.currency
        FROM payments_paymentintent AS i
        WHERE
            i.state NOT IN ('processing', 'requires_payment_method', 'requires_confirmation')
            OR (
                i.state = 'requires_payment_method'
                AND EXISTS (
                    SELECT FROM exactly_once_outboxevent AS o
                    WHERE o.aggregatetype = 'payment_intent' AND o.aggregateid = i.public_id
                )
            )
    """,
)

CAPTURES = Projection(
    "ledger",
    "captures, from postings",
    rebuilt=f"""
        SELECT t.reference, sum(e.amount_minor) AS captured_minor, min(e.currency) AS currency
        FROM ledger_transaction AS t
        INNER JOIN ledger_entry AS e ON e.id >= t.id << 10 AND e.id < (t.id + 1) << 10 AND e.direction = 'D'
        WHERE t.kind = 'payment.captured' AND e.status = 'P' AND t.book_id IN ({PAYMENT_BOOKS})
        GROUP BY t.reference
    """,  # noqa: S608 - our own words
    stored="""
        SELECT
            concat_ws(':', a.psp, a.psp_account, a.psp_reference, 'captured', nullif(c.number, 1)) AS reference,
            c.amount_minor::numeric,
            c.currency
        FROM payments_capture AS c
        INNER JOIN payments_attempt AS a ON a.id = c.attempt_id
        WHERE c.state = 'succeeded'
    """,
)

# The last posting of each: succeeded may be followed by failed or canceled, and requested comes before all.
REFUNDS = Projection(
    "ledger",
    "refunds, from postings",
    rebuilt=f"""
        SELECT DISTINCT ON (t.metadata ->> 'refund')
            t.metadata ->> 'refund' AS refund,
            replace(split_part(t.kind, '.', 2), 'requested', 'pending') AS state,
            s.amount_minor,
            s.currency
        FROM ledger_transaction AS t
        CROSS JOIN LATERAL (
            SELECT sum(e.amount_minor)::bigint AS amount_minor, min(e.currency) AS currency
            FROM ledger_entry AS e
            WHERE e.id >= t.id << 10 AND e.id < (t.id + 1) << 10 AND e.direction = 'D'
        ) AS s
        WHERE t.kind LIKE 'refund.%' AND t.book_id IN ({PAYMENT_BOOKS})
        ORDER BY t.metadata ->> 'refund', t.id DESC
    """,  # noqa: S608 - our own words
    # That the buyer has to act moves no money.
    stored="""
        SELECT r.public_id, replace(r.state, 'requires_action', 'pending'), r.amount_minor, r.currency
        FROM payments_refund AS r
    """,
)

# What a break put into suspense is there until the posting that takes it out: back, to where it belongs, or paid back.
SUSPENSE = Projection(
    "ledger",
    "money in suspense, from postings",
    rebuilt=f"""
        SELECT
            t.metadata ->> 'break' AS break,
            sum(CASE e.direction WHEN 'C' THEN e.amount_minor ELSE -e.amount_minor END) AS received_minor,
            e.currency
        FROM ledger_transaction AS t
        INNER JOIN ledger_entry AS e ON e.id >= t.id << 10 AND e.id < (t.id + 1) << 10
        INNER JOIN ledger_account AS a ON a.id = e.account_id AND a.code LIKE 'suspense:%'
        WHERE
            t.kind IN (
                'settlement.unexplained', 'settlement.explained', 'settlement.settled_apart', 'settlement.paid_back'
            ) AND t.book_id IN ({PAYMENT_BOOKS})
        GROUP BY t.metadata ->> 'break', e.currency
    """,  # noqa: S608 - our own words
    stored="""
        SELECT
            b.public_id,
            CASE
                WHEN b.state <> 'open' THEN 0
                WHEN b.received THEN b.amount_minor
                ELSE -b.amount_minor
            END::numeric AS received_minor,
            b.currency
        FROM payments_break AS b
        WHERE b.in_suspense
    """,
)
