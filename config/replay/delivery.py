"""What came in, as far as its bytes are kept, and what went out to each sink."""

from config.replay.projection import PAYMENT_BOOKS, Projection

# A NUL that is escaped is JSON, and none that PostgreSQL takes: such an event says nothing of a payment.
_EVENTS = """
    SELECT
        e.source,
        e.account,
        CASE WHEN pg_input_is_valid(d.body, 'jsonb') THEN d.body::jsonb END AS said
    FROM exactly_once_inboxevent AS e
    INNER JOIN exactly_once_inboxbody AS b ON b.event_id = e.id AND b.received_at = e.received_at
    CROSS JOIN LATERAL (SELECT convert_from(b.body, 'UTF8') AS body) AS d
    WHERE e.source = 'stripe' AND e.state = 'processed'
"""

# Whatever a PSP told us that it has captured is in the books, once, under the PSP's own id; or it was in suspense,
# because it was another amount than we had asked for.
INBOX = Projection(
    "inbox",
    "captures in the books, from Stripe's events",
    rebuilt=f"""
        SELECT DISTINCT
            concat_ws(':', e.source, e.account, e.said #>> '{{data,object,id}}', 'captured') AS reference
        FROM ({_EVENTS}) AS e
        WHERE e.said ->> 'type' = 'payment_intent.succeeded'
    """,  # noqa: S608 - our own words
    stored=f"""
        SELECT p.reference
        FROM (
            SELECT t.reference, t.metadata ->> 'psp_reference' AS psp_reference
            FROM ledger_transaction AS t
            WHERE t.kind = 'payment.captured' AND t.book_id IN ({PAYMENT_BOOKS})
            UNION
            SELECT concat_ws(':', k.psp, k.psp_account, k.psp_reference, 'captured'), k.psp_reference
            FROM payments_break AS k
            INNER JOIN ledger_transaction AS t
                ON t.reference = k.public_id || ':unexplained' AND t.book_id IN ({PAYMENT_BOOKS})
        ) AS p
        WHERE
            EXISTS (
                SELECT FROM ({_EVENTS}) AS e
                WHERE
                    e.said ->> 'type' = 'payment_intent.succeeded'
                    AND e.said #>> '{{data,object,id}}' = p.psp_reference
            )
    """,  # noqa: S608 - our own words
)

# Each handler has a run for each event of its types that the relay has passed, from the first that it was given.
HANDLERS = Projection(
    "sinks",
    "handler runs, from the outbox",
    rebuilt="""
        WITH begun AS (
            SELECT r.handler, o.type, min((o.xid::text::numeric) * 1e19 + o.seq) AS first
            FROM exactly_once_handlerrun AS r
            INNER JOIN exactly_once_outboxevent AS o ON o.id = r.event_id
            GROUP BY r.handler, o.type
        )

        SELECT b.handler || ' ' || o.id AS run
        FROM begun AS b
        INNER JOIN exactly_once_outboxevent AS o
            ON o.type = b.type AND (o.xid::text::numeric) * 1e19 + o.seq >= b.first
        INNER JOIN exactly_once_sinkposition AS p ON p.sink = 'handlers' AND (o.xid, o.seq) <= (p.xid, p.seq)
    """,
    stored="SELECT r.handler || ' ' || r.event_id AS run FROM exactly_once_handlerrun AS r",
)

# A delivery that has ended did so with its last try. Which endpoints there were when an event was handed on is not kept
# for ever: an endpoint can be switched off and on.
DELIVERIES = Projection(
    "sinks",
    "webhook deliveries, from their tries",
    rebuilt="""
        SELECT DISTINCT ON (d.id)
            d.id,
            CASE WHEN a.status BETWEEN 200 AND 299 THEN 'delivered' ELSE 'dead' END AS state,
            a.number AS attempts,
            a.status
        FROM exactly_once_webhookdelivery AS d
        INNER JOIN exactly_once_webhookattempt AS a ON a.delivery_id = d.id
        WHERE d.state <> 'pending'
        ORDER BY d.id, a.number DESC
    """,
    stored="""
        SELECT d.id, d.state, d.attempts, d.last_status
        FROM exactly_once_webhookdelivery AS d
        WHERE d.state <> 'pending'
    """,
)
