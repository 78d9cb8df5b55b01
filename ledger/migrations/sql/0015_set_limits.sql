-- Sets the floor and the ceiling of an account, amounts on its normal side; NULL is none. CHECKs refuse a limit that
-- the balance is past already.
CREATE FUNCTION ledger_set_limits(
    p_book text, p_code text, p_currency text, p_floor bigint, p_ceiling bigint
) RETURNS boolean
LANGUAGE sql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    WITH changed AS (
        UPDATE ledger_balance AS l SET
            net_min_minor = CASE l.normal_sign WHEN 1 THEN p_floor ELSE -p_ceiling END,
            net_max_minor = CASE l.normal_sign WHEN 1 THEN p_ceiling ELSE -p_floor END
        FROM ledger_book AS b
        WHERE b.id = l.book_id AND b.code = p_book AND l.code = p_code AND l.currency = p_currency
        RETURNING 1
    )

    SELECT EXISTS (SELECT 1 FROM changed);
$$;
