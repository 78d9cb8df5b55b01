-- Spreads a hot account over more balance rows, while it is in use. Postings that wait for a row meanwhile look again.
CREATE FUNCTION ledger_raise_stripes(p_book text, p_code text, p_currency text, p_stripes smallint) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    v_balance ledger_balance;
BEGIN
    SELECT l.* INTO v_balance
    FROM ledger_balance AS l
    INNER JOIN ledger_book AS b ON b.id = l.book_id
    WHERE b.code = p_book AND l.code = p_code AND l.currency = p_currency AND l.stripe = 0
    FOR UPDATE OF l;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p_stripes < v_balance.stripes THEN
        RAISE EXCEPTION 'account % has % stripes already', p_code, v_balance.stripes
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_stripes_only_raised',
            DETAIL = p_code || ' ' || p_currency;
    END IF;
    INSERT INTO ledger_balance (account_id, book_id, code, currency, normal_sign, closed_at, stripe, stripes)
    SELECT
        v_balance.account_id, v_balance.book_id, p_code, p_currency, v_balance.normal_sign, v_balance.closed_at,
        s.stripe, p_stripes
    FROM generate_series(v_balance.stripes, p_stripes - 1) AS s (stripe);
    PERFORM 1 FROM ledger_balance AS l WHERE l.account_id = v_balance.account_id ORDER BY l.stripe FOR UPDATE;
    UPDATE ledger_balance AS l SET stripes = p_stripes
    WHERE l.account_id = v_balance.account_id AND l.stripes <> p_stripes;
    RETURN true;
END;
$$;
