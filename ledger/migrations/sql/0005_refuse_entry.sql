-- Says why a posting found no balance row to update; costs nothing where postings succeed. Returns where an open
-- account without limits got more stripes while the posting waited for its row: it has to look again, however often.
CREATE FUNCTION ledger_refuse_entry(p_book_id integer, p_code text, p_currency text) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    v_name constant text := p_code || ' ' || p_currency;
    v_balance ledger_balance;
BEGIN
    SELECT l.* INTO v_balance
    FROM ledger_balance AS l
    WHERE l.book_id = p_book_id AND l.code = p_code AND l.currency = p_currency
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no account %', v_name USING
            ERRCODE = 'foreign_key_violation',
            DETAIL = v_name,
            CONSTRAINT = CASE
                WHEN EXISTS (SELECT 1 FROM ledger_balance AS l WHERE l.book_id = p_book_id AND l.code = p_code)
                    THEN 'ledger_account_currency'
                ELSE 'ledger_account_known'
            END;
    END IF;
    IF v_balance.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'account % is closed', v_name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_open', DETAIL = v_name;
    END IF;
    IF v_balance.net_min_minor IS NULL AND v_balance.net_max_minor IS NULL THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'account % would pass its floor or ceiling', v_name
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_limit', DETAIL = v_name;
END;
$$;
