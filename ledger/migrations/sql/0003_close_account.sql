-- Closes an account. The mark stands on the balance rows, the very rows that postings lock: no entry slips past it.
-- An account with pending amounts stays open: its holds could not end.
CREATE FUNCTION ledger_close_account(p_book text, p_code text, p_currency text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    v_pending numeric;
BEGIN
    -- The first stripe first, as whoever raises them does: then no row is added between this and the mark.
    PERFORM 1
    FROM ledger_balance AS l
    INNER JOIN ledger_book AS b ON b.id = l.book_id
    WHERE b.code = p_book AND l.code = p_code AND l.currency = p_currency AND l.stripe = 0
    FOR UPDATE OF l;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM 1
    FROM ledger_balance AS l
    INNER JOIN ledger_book AS b ON b.id = l.book_id
    WHERE b.code = p_book AND l.code = p_code AND l.currency = p_currency
    ORDER BY l.stripe
    FOR UPDATE OF l;
    SELECT sum(l.net_high_minor - l.net_low_minor) INTO v_pending
    FROM ledger_balance AS l
    INNER JOIN ledger_book AS b ON b.id = l.book_id
    WHERE b.code = p_book AND l.code = p_code AND l.currency = p_currency;
    IF v_pending <> 0 THEN
        RAISE EXCEPTION 'account % has pending amounts', p_code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_nothing_pending',
            DETAIL = p_code || ' ' || p_currency;
    END IF;
    UPDATE ledger_balance AS l SET closed_at = coalesce(l.closed_at, p_now)
    FROM ledger_book AS b
    WHERE b.id = l.book_id AND b.code = p_book AND l.code = p_code AND l.currency = p_currency;
    RETURN true;
END;
$$;
