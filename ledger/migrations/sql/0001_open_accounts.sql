-- Opens accounts with their balance rows; those that exist stay as they are.
CREATE FUNCTION ledger_open_accounts(
    p_book text,
    p_public_ids text[],
    p_codes text[],
    p_currencies text[],
    p_types text[],
    p_normal_sides text[]
) RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    WITH opened AS (
        INSERT INTO ledger_account (public_id, book_id, code, currency, type, normal_side)
        SELECT a.public_id, b.id, a.code, a.currency, a.type, a.normal_side
        FROM ledger_book AS b
        CROSS JOIN unnest(p_public_ids, p_codes, p_currencies, p_types, p_normal_sides)
            AS a (public_id, code, currency, type, normal_side)
        WHERE b.code = p_book
        ORDER BY a.code, a.currency
        ON CONFLICT (book_id, code, currency) DO NOTHING
        RETURNING id
    )

    INSERT INTO ledger_balance (account_id) SELECT id FROM opened;
$$;
