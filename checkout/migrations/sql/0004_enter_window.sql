-- Lets one session at a time be paid that buys the same; returns the latest other one that was or is being paid for.
CREATE FUNCTION checkout_enter_window(
    p_purchase_hash bytea, p_lock bigint, p_session bigint, p_since timestamptz, p_states text[]
) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(p_lock);
    -- A statement of its own: its snapshot shows what whoever held the lock before us has committed.
    RETURN (
        SELECT s.public_id
        FROM checkout_checkoutsession AS s
        WHERE
            s.purchase_hash = p_purchase_hash
            AND s.submitted_at > p_since
            AND s.state = ANY(p_states)
            AND s.id <> p_session
        ORDER BY s.submitted_at DESC
        LIMIT 1
    );
END;
$$;
