-- What an entry adds to the net that is left if all that is pending leaves (low), or comes (high). Amounts are signed,
-- debits above zero: a posted entry counts in both, a pending credit in the low, a pending debit in the high.
CREATE FUNCTION ledger_low(p_amount bigint, p_status text) RETURNS bigint
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT CASE
        WHEN p_status = 'P' THEN p_amount
        WHEN p_amount > 0 THEN 0
        WHEN p_status = 'H' THEN p_amount
        ELSE -p_amount
    END;
$$;

CREATE FUNCTION ledger_high(p_amount bigint, p_status text) RETURNS bigint
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT CASE
        WHEN p_status = 'P' THEN p_amount
        WHEN p_amount < 0 THEN 0
        WHEN p_status = 'H' THEN p_amount
        ELSE -p_amount
    END;
$$;
