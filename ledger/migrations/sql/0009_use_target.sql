-- Takes what a transaction settles, releases or reverses from what its target has left, line by line. Returns whether
-- nothing is left of it.
--
-- A hold's lines are its pending entries, used up by released ones on the same side; a settlement posts no more than it
-- releases. A reversed transaction's lines are its posted entries, used up by posted ones on the other side.
CREATE FUNCTION ledger_use_target(p_id bigint, p_target_id bigint, p_action text, p_final boolean) RETURNS boolean
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    v_reverse constant boolean := p_action = 'reverse';
    v_status constant text := CASE p_action WHEN 'reverse' THEN 'P' ELSE 'H' END;
    v_left boolean;
BEGIN
    IF NOT v_reverse AND EXISTS (
        SELECT 1
        FROM ledger_entry AS e
        WHERE e.id >= p_id << 10 AND e.id < (p_id + 1) << 10
        GROUP BY e.account_id, e.direction
        HAVING
            bool_or(e.status = 'H')
            OR sum(CASE e.status WHEN 'P' THEN e.amount_minor ELSE -e.amount_minor END) > 0
    ) THEN
        RAISE EXCEPTION 'more is settled than released'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_settle_within_hold';
    END IF;

    INSERT INTO ledger_remainder AS r (transaction_id, account_id, direction, total_minor, used_minor)
    SELECT
        p_target_id,
        u.account_id,
        u.direction,
        (
            SELECT coalesce(sum(t.amount_minor), 0)
            FROM ledger_entry AS t
            WHERE
                t.id >= p_target_id << 10 AND t.id < (p_target_id + 1) << 10
                AND t.account_id = u.account_id AND t.direction = u.direction AND t.status = v_status
        ),
        u.used
    FROM (
        SELECT
            e.account_id,
            CASE WHEN NOT v_reverse THEN e.direction WHEN e.direction = 'D' THEN 'C' ELSE 'D' END AS direction,
            sum(e.amount_minor) AS used
        FROM ledger_entry AS e
        WHERE
            e.id >= p_id << 10 AND e.id < (p_id + 1) << 10
            AND e.status = CASE WHEN v_reverse THEN 'P' ELSE 'R' END
        GROUP BY 1, 2
        ORDER BY 1, 2
    ) AS u
    ON CONFLICT (transaction_id, account_id, direction)
    DO UPDATE SET used_minor = r.used_minor + excluded.used_minor;

    v_left := EXISTS (
        SELECT 1
        FROM ledger_entry AS t
        LEFT JOIN ledger_remainder AS r
            ON r.transaction_id = p_target_id AND r.account_id = t.account_id AND r.direction = t.direction
        WHERE
            t.id >= p_target_id << 10 AND t.id < (p_target_id + 1) << 10 AND t.status = v_status
            AND r.used_minor IS DISTINCT FROM r.total_minor
    );
    IF p_final AND v_left THEN
        RAISE EXCEPTION 'something of the target is left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_resolution_complete';
    END IF;
    RETURN NOT v_left;
END;
$$;
