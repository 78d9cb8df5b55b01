"""Orders and stock, from events and movements."""

from config.replay.projection import Projection

ORDERS = Projection(
    "outbox",
    "orders, from their events",
    rebuilt="""
        SELECT
            o.aggregateid AS order_id,
            o.payload ->> 'checkout_session' AS session,
            o.payload ->> 'payment_intent' AS intent,
            (o.payload ->> 'total_minor')::bigint AS total_minor,
            o.payload ->> 'currency' AS currency,
            coalesce(last.payload ->> 'state', 'confirmed') AS state
        FROM exactly_once_outboxevent AS o
        CROSS JOIN LATERAL (
            SELECT l.payload FROM exactly_once_outboxevent AS l
            WHERE l.aggregatetype = 'order' AND l.aggregateid = o.aggregateid
            ORDER BY l.aggregate_version DESC LIMIT 1
        ) AS last
        WHERE o.type = 'order.confirmed'
    """,
    stored="""
        SELECT o.public_id, s.public_id AS session, o.payment_intent, o.total_minor, o.currency, o.state
        FROM checkout_order AS o
        INNER JOIN checkout_checkoutsession AS s ON s.id = o.session_id
    """,
)

STOCK = Projection(
    "effects",
    "stock, from its movements",
    rebuilt="""
        SELECT m.stock_item_id::text AS item, sum(m.on_hand_delta) AS on_hand, sum(m.reserved_delta) AS reserved
        FROM checkout_stockmovement AS m
        GROUP BY m.stock_item_id
    """,
    stored="""
        SELECT s.id::text AS item, s.on_hand::numeric, s.reserved::numeric
        FROM checkout_stockitem AS s
        WHERE
            s.on_hand <> 0 OR s.reserved <> 0
            OR EXISTS (SELECT FROM checkout_stockmovement AS m WHERE m.stock_item_id = s.id)
    """,
)
