-- Opens accounts with their balance rows; those that exist stay as they are. Limits are amounts on the normal side.
CREATE FUNCTION ledger_open_accounts(
    p_book text,
    p_public_ids text[],
    p_codes text[],
    p_currencies text[],
    p_types text[],
    p_normal_sides text[],
    p_floors bigint[],
    p_ceilings bigint[],
    p_stripes smallint[],
    p_metadata jsonb[]
) RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path = public, pg_temp
-- With the lengths of the arrays the plan would be the same, made anew for each call.
SET plan_cache_mode = force_generic_plan
AS $$
    WITH given AS (
        SELECT b.id AS book_id, a.*
        FROM ledger_book AS b
        CROSS JOIN unnest(
            p_public_ids, p_codes, p_currencies, p_types, p_normal_sides, p_floors, p_ceilings, p_stripes, p_metadata
        ) AS a (public_id, code, currency, type, normal_side, floor, ceiling, stripes, metadata)
        WHERE b.code = p_book
    ),

    opened AS (
        INSERT INTO ledger_account (public_id, book_id, code, currency, type, normal_side, metadata)
        SELECT g.public_id, g.book_id, g.code, g.currency, g.type, g.normal_side, g.metadata
        FROM given AS g
        -- Nearly always all are there already: that is seen without a number taken for each, or a place in an index.
        WHERE NOT EXISTS (
            SELECT FROM ledger_account AS a WHERE a.book_id = g.book_id AND a.code = g.code AND a.currency = g.currency
        )
        ORDER BY g.code, g.currency
        ON CONFLICT (book_id, code, currency) DO NOTHING
        RETURNING id, public_id, book_id, code, currency, normal_side
    )

    INSERT INTO ledger_balance
        (account_id, book_id, code, currency, normal_sign, net_min_minor, net_max_minor, stripe, stripes)
    SELECT
        o.id,
        o.book_id,
        o.code,
        o.currency,
        CASE o.normal_side WHEN 'debit' THEN 1 ELSE -1 END,
        CASE o.normal_side WHEN 'debit' THEN g.floor ELSE -g.ceiling END,
        CASE o.normal_side WHEN 'debit' THEN g.ceiling ELSE -g.floor END,
        s.stripe,
        g.stripes
    FROM opened AS o
    INNER JOIN given AS g ON g.public_id = o.public_id
    CROSS JOIN LATERAL generate_series(0, g.stripes - 1) AS s (stripe);
$$;
