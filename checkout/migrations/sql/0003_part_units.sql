-- Units of an order leave its committed reservations: consumed by shipping, or released back to the shelf.
--
-- Promises: no more leave than are committed there, whoever calls at the same time; where some stay behind, those that
-- leave become a row of their own. Reservations are locked before stock items, both in the order of the items' ids.
--
-- Returns whether all of them were there; if not, nothing has changed.
CREATE FUNCTION checkout_part_units(
    p_session_id bigint,
    p_variants bigint[],
    p_locations bigint[],
    p_quantities integer[],
    p_state text,
    p_reference text,
    p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    v_all boolean;
BEGIN
    PERFORM r.id
    FROM checkout_reservation AS r
    WHERE r.session_id = p_session_id AND r.state = 'committed'
    ORDER BY r.stock_item_id
    FOR NO KEY UPDATE;

    WITH asked AS (
        SELECT a.variant_id, a.location_id, sum(a.quantity)::integer AS quantity
        FROM unnest(p_variants, p_locations, p_quantities) AS a (variant_id, location_id, quantity)
        GROUP BY a.variant_id, a.location_id
    ),

    found AS (
        SELECT r.id, r.stock_item_id, r.expires_at, r.quantity AS committed, a.quantity
        FROM asked AS a
        INNER JOIN checkout_stockitem AS s ON s.variant_id = a.variant_id AND s.location_id = a.location_id
        INNER JOIN checkout_reservation AS r
            ON r.stock_item_id = s.id AND r.session_id = p_session_id AND r.state = 'committed'
        WHERE r.quantity >= a.quantity
    ),

    complete AS (
        SELECT FROM asked HAVING count(*) = (SELECT count(*) FROM found)
    ),

    ended AS (
        UPDATE checkout_reservation AS r
        SET
            state = CASE WHEN f.quantity = f.committed THEN p_state ELSE r.state END,
            quantity = CASE WHEN f.quantity = f.committed THEN r.quantity ELSE f.committed - f.quantity END
        FROM found AS f
        WHERE r.id = f.id AND EXISTS (SELECT FROM complete)
    ),

    parted AS (
        INSERT INTO checkout_reservation (stock_item_id, session_id, quantity, state, expires_at, created_at)
        SELECT f.stock_item_id, p_session_id, f.quantity, p_state, f.expires_at, p_now
        FROM found AS f
        WHERE f.quantity < f.committed AND EXISTS (SELECT FROM complete)
    ),

    moved AS (
        INSERT INTO checkout_stockmovement (stock_item_id, kind, on_hand_delta, reserved_delta, reference, created_at)
        SELECT
            f.stock_item_id, p_state,
            CASE p_state WHEN 'consumed' THEN -f.quantity ELSE 0 END,
            -f.quantity, p_reference, p_now
        FROM found AS f
        WHERE EXISTS (SELECT FROM complete)
        ORDER BY f.stock_item_id
    )

    SELECT EXISTS (SELECT FROM complete) INTO v_all;
    RETURN v_all;
END;
$$;
