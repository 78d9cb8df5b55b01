-- Takes units off the shelves for a session: all of its lines, or none.
--
-- Promises: no unit is taken twice, whatever the concurrency: the rows are locked before they are read, in the order of
-- their ids, so that no two calls deadlock. One location serves the whole cart where one can; else each line by itself
-- comes from one location, where one has all of it; else from several. Of those that can, the lowest priority is first.
--
-- Returns the variants that are short; if there are any, nothing was taken.
CREATE FUNCTION checkout_hold_stock(
    p_session_id bigint,
    p_variants bigint[],
    p_quantities integer[],
    p_reference text,
    p_expires_at timestamptz,
    p_now timestamptz
) RETURNS bigint[]
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    v_items bigint [];
    v_short bigint [];
BEGIN
    v_items := ARRAY(
        SELECT s.id
        FROM checkout_stockitem AS s
        INNER JOIN checkout_stocklocation AS l ON l.id = s.location_id
        WHERE s.variant_id = ANY(p_variants) AND l.active
        ORDER BY s.id
        FOR NO KEY UPDATE OF s
    );

    -- A statement of its own: it reads what those have left whom the locks were waited for.
    WITH wanted AS (
        SELECT w.variant_id, w.quantity FROM unnest(p_variants, p_quantities) AS w (variant_id, quantity)
    ),

    free AS (
        SELECT
            s.id, s.variant_id, s.location_id, l.priority, w.quantity,
            s.on_hand - s.reserved AS units,
            s.on_hand - s.reserved >= w.quantity AS has_all
        FROM wanted AS w
        INNER JOIN checkout_stockitem AS s ON s.variant_id = w.variant_id AND s.id = ANY(v_items)
        INNER JOIN checkout_stocklocation AS l ON l.id = s.location_id
    ),

    serves_cart AS (
        SELECT f.location_id
        FROM free AS f
        WHERE f.has_all
        GROUP BY f.location_id, f.priority
        HAVING count(*) = cardinality(p_variants)
        ORDER BY f.priority, f.location_id
        LIMIT 1
    ),

    -- What is still missing when it is a location's turn.
    turns AS (
        SELECT
            f.id, f.variant_id, f.units,
            f.quantity - coalesce(sum(f.units) OVER earlier, 0) AS missing
        FROM free AS f
        WINDOW earlier AS (
            PARTITION BY f.variant_id
            ORDER BY
                f.location_id IN (SELECT c.location_id FROM serves_cart AS c) DESC,
                f.has_all DESC, f.priority, f.location_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    ),

    taken AS (
        SELECT t.id, t.variant_id, least(t.units, t.missing) AS quantity
        FROM turns AS t
        WHERE t.units > 0 AND t.missing > 0
    ),

    short AS (
        SELECT w.variant_id
        FROM wanted AS w
        WHERE w.quantity > coalesce((SELECT sum(t.quantity) FROM taken AS t WHERE t.variant_id = w.variant_id), 0)
    ),

    reserved AS (
        INSERT INTO checkout_reservation (stock_item_id, session_id, quantity, state, expires_at, created_at)
        SELECT t.id, p_session_id, t.quantity, 'held', p_expires_at, p_now
        FROM taken AS t
        WHERE NOT EXISTS (SELECT FROM short)
        ORDER BY t.id
    ),

    moved AS (
        INSERT INTO checkout_stockmovement (stock_item_id, kind, on_hand_delta, reserved_delta, reference, created_at)
        SELECT t.id, 'held', 0, t.quantity, p_reference, p_now
        FROM taken AS t
        WHERE NOT EXISTS (SELECT FROM short)
        ORDER BY t.id
    )

    SELECT array_agg(s.variant_id) INTO v_short FROM short AS s;
    RETURN coalesce(v_short, '{}');
END;
$$;
