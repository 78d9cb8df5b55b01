-- Puts all that a session holds back on the shelves; its reservations end as p_state says: released or expired.
--
-- Promise: what is held goes back once, whoever calls at the same time. Reservations are locked before stock items,
-- both in the order of the items' ids.
CREATE FUNCTION checkout_release_stock(p_session_id bigint, p_state text, p_reference text, p_now timestamptz)
RETURNS void
LANGUAGE sql
SET search_path = public, pg_temp
AS $$
    WITH held AS MATERIALIZED (
        SELECT r.id, r.stock_item_id, r.quantity
        FROM checkout_reservation AS r
        WHERE r.session_id = p_session_id AND r.state = 'held'
        ORDER BY r.stock_item_id
        FOR NO KEY UPDATE
    ),

    ended AS (
        UPDATE checkout_reservation AS r SET state = p_state FROM held AS h WHERE r.id = h.id
    )

    INSERT INTO checkout_stockmovement (stock_item_id, kind, on_hand_delta, reserved_delta, reference, created_at)
    SELECT h.stock_item_id, p_state, 0, -h.quantity, p_reference, p_now
    FROM held AS h
    ORDER BY h.stock_item_id;
$$;
