-- Promise: a closed period takes no entry. A late transaction counts from the open period on and cites its own date.
CREATE FUNCTION ledger_cite_late(p_transaction_id bigint, p_dated_at timestamptz, p_move_late boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT p_move_late THEN
        RAISE EXCEPTION 'the period of % is closed', p_dated_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_period_open', DETAIL = p_dated_at::text;
    END IF;
    INSERT INTO ledger_latetransaction (transaction_id, dated_at) VALUES (p_transaction_id, p_dated_at);
END;
$$;
