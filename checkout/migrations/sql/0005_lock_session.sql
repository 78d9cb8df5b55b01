-- Locks a client's session and, before it, the payment intent of its order, if there is one; returns the session.
--
-- Promises: nobody else changes the session, its lines or its payment until the caller's transaction ends. The session
-- is read behind the intent's lock, and as whoever held either before has left it.
CREATE FUNCTION checkout_lock_session(p_session text, p_client text) RETURNS SETOF checkout_checkoutsession
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM FROM payments_paymentintent AS i
    WHERE i.order_reference = p_session AND i.state <> 'canceled'
    FOR NO KEY UPDATE;

    RETURN QUERY
    SELECT s.*
    FROM checkout_checkoutsession AS s
    WHERE s.public_id = p_session AND s.client = p_client
    FOR NO KEY UPDATE;
END;
$$;
