-- Closes an account. The mark stands on the balance row, the very row that every posting locks: no entry slips past it.
CREATE FUNCTION ledger_close_account(p_book text, p_code text, p_currency text, p_now timestamptz) RETURNS boolean
LANGUAGE sql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    WITH closed AS (
        UPDATE ledger_balance AS l SET closed_at = coalesce(l.closed_at, p_now)
        FROM ledger_account AS a
        INNER JOIN ledger_book AS b ON b.id = a.book_id
        WHERE l.account_id = a.id AND b.code = p_book AND a.code = p_code AND a.currency = p_currency
        RETURNING 1
    )

    SELECT EXISTS (SELECT 1 FROM closed);
$$;
