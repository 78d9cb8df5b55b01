-- Promise: a floor or ceiling holds after every transaction of a batch. The balance row's own CHECKs see only the end.
-- p_balances are the rows as the batch leaves them; what follows a transaction is taken off again.
CREATE FUNCTION ledger_check_limits(
    p_balances ledger_balance[],
    p_ids bigint[],
    p_entry_transactions integer[],
    p_entry_accounts text[],
    p_entry_currencies text[],
    p_entry_amounts bigint[],
    p_entry_statuses text[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    v_name text;
BEGIN
    SELECT s.code || ' ' || s.currency INTO v_name
    FROM (
        SELECT
            b.code,
            b.currency,
            b.net_min_minor,
            b.net_max_minor,
            b.net_low_minor - coalesce(sum(t.low) OVER later, 0) AS low,
            b.net_high_minor - coalesce(sum(t.high) OVER later, 0) AS high
        FROM unnest(p_balances) AS b
        INNER JOIN (
            SELECT
                e.transaction,
                e.account,
                e.currency,
                sum(ledger_low(e.amount, e.status)) AS low,
                sum(ledger_high(e.amount, e.status)) AS high
            FROM unnest(p_entry_transactions, p_entry_accounts, p_entry_currencies, p_entry_amounts, p_entry_statuses)
                AS e (transaction, account, currency, amount, status)
            WHERE p_ids[e.transaction] IS NOT NULL
            GROUP BY e.transaction, e.account, e.currency
        ) AS t ON t.account = b.code AND t.currency = b.currency
        WHERE b.net_min_minor IS NOT NULL OR b.net_max_minor IS NOT NULL
        WINDOW later AS (
            PARTITION BY b.account_id ORDER BY t.transaction ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )
    ) AS s
    WHERE s.low < s.net_min_minor OR s.high > s.net_max_minor
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % would pass its floor or ceiling', v_name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_limit', DETAIL = v_name;
    END IF;
END;
$$;
