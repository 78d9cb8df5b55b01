-- Posts one to thousands of transactions in one call, all or none.
--
-- A reference that the book knows is not posted again: with the same fingerprint the first result is returned
-- (replayed), with another the call is refused. Balances are touched in the order of their account ids, references
-- are inserted in the order of their text: two calls cannot deadlock, however they overlap.
--
-- p_entry_transactions holds, per entry, the 1-based position of its transaction in the p_ arrays.
-- Refusals carry a constraint name: ledger_book_known, ledger_reference_conflict, ledger_account_known,
-- ledger_account_currency, ledger_account_open, ledger_entries_sum_to_zero.
CREATE FUNCTION ledger_post(
    p_book text,
    p_references text[],
    p_public_ids text[],
    p_fingerprints bytea[],
    p_kinds text[],
    p_effective_at timestamptz[],
    p_descriptions text[],
    p_metadata jsonb[],
    p_entry_transactions integer[],
    p_entry_accounts text[],
    p_entry_currencies text[],
    p_entry_directions text[],
    p_entry_amounts bigint[]
) RETURNS TABLE (r_position bigint, r_id bigint, r_public_id text, r_replayed boolean)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    v_book_id bigint;
    v_new_ids bigint [];          -- by position; NULL where replayed
    v_entry_account_ids bigint []; -- by entry; NULL where the transaction is replayed
    v_found text;
    v_account_ids bigint [] := '{}';
    v_versions bigint [] := '{}';  -- by account, before this call
    v_nets bigint [] := '{}';      -- debits - credits by account, before this call
    v_account record;
    v_version bigint;
    v_net bigint;
BEGIN
    SELECT b.id INTO v_book_id FROM ledger_book AS b WHERE b.code = p_book;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown book' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_book_known';
    END IF;

    WITH given AS (
        SELECT *
        FROM unnest(
            p_references, p_public_ids, p_fingerprints, p_kinds, p_effective_at, p_descriptions, p_metadata
        ) WITH ORDINALITY
            AS g (reference, public_id, fingerprint, kind, effective_at, description, metadata, pos)
    ),

    posted AS (
        INSERT INTO ledger_transaction
            (public_id, book_id, reference, fingerprint, kind, effective_at, description, metadata)
        SELECT g.public_id, v_book_id, g.reference, g.fingerprint, g.kind, g.effective_at, g.description, g.metadata
        FROM given AS g
        ORDER BY g.reference, g.pos
        ON CONFLICT (book_id, reference) DO NOTHING
        RETURNING id, public_id
    )

    SELECT array_agg(p.id ORDER BY g.pos) INTO v_new_ids
    FROM given AS g
    LEFT JOIN posted AS p ON p.public_id = g.public_id;

    IF array_position(v_new_ids, NULL) IS NOT NULL THEN
        SELECT t.reference INTO v_found
        FROM unnest(p_references, p_fingerprints) AS g (reference, fingerprint)
        INNER JOIN ledger_transaction AS t ON t.book_id = v_book_id AND t.reference = g.reference
        WHERE t.fingerprint IS DISTINCT FROM g.fingerprint
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'reference % was posted with other contents', v_found
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'ledger_reference_conflict', DETAIL = v_found;
        END IF;
    END IF;

    SELECT array_agg(a.id ORDER BY e.pos) INTO v_entry_account_ids
    FROM unnest(p_entry_transactions, p_entry_accounts, p_entry_currencies)
        WITH ORDINALITY AS e (transaction, code, currency, pos)
    LEFT JOIN ledger_account AS a
        ON a.book_id = v_book_id AND a.code = e.code AND a.currency = e.currency
        AND v_new_ids[e.transaction] IS NOT NULL;

    SELECT e.code || ' ' || e.currency INTO v_found
    FROM unnest(p_entry_transactions, p_entry_accounts, p_entry_currencies, v_entry_account_ids)
        AS e (transaction, code, currency, account_id)
    WHERE e.account_id IS NULL AND v_new_ids[e.transaction] IS NOT NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no account %', v_found USING
            ERRCODE = 'foreign_key_violation',
            DETAIL = v_found,
            CONSTRAINT = CASE
                WHEN EXISTS (
                    SELECT 1 FROM ledger_account AS a
                    WHERE a.book_id = v_book_id AND a.code = split_part(v_found, ' ', 1)
                ) THEN 'ledger_account_currency'
                ELSE 'ledger_account_known'
            END;
    END IF;

    -- One UPDATE per account, not per entry, in one global order.
    FOR v_account IN
        SELECT
            e.account_id,
            count(*) AS entries,
            coalesce(sum(e.amount) FILTER (WHERE e.direction = 'debit'), 0) AS debits,
            coalesce(sum(e.amount) FILTER (WHERE e.direction = 'credit'), 0) AS credits
        FROM unnest(v_entry_account_ids, p_entry_directions, p_entry_amounts) AS e (account_id, direction, amount)
        WHERE e.account_id IS NOT NULL
        GROUP BY e.account_id
        ORDER BY e.account_id
    LOOP
        UPDATE ledger_balance AS l SET
            debits_minor = l.debits_minor + v_account.debits,
            credits_minor = l.credits_minor + v_account.credits,
            version = l.version + v_account.entries
        WHERE l.account_id = v_account.account_id AND l.closed_at IS NULL
        RETURNING
            l.version - v_account.entries,
            (l.debits_minor - v_account.debits) - (l.credits_minor - v_account.credits)
        INTO v_version, v_net;
        IF NOT FOUND THEN
            SELECT a.code || ' ' || a.currency INTO v_found
            FROM ledger_account AS a WHERE a.id = v_account.account_id;
            RAISE EXCEPTION 'account % is closed', v_found
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_open', DETAIL = v_found;
        END IF;
        v_account_ids := v_account_ids || v_account.account_id;
        v_versions := v_versions || v_version;
        v_nets := v_nets || v_net;
    END LOOP;

    INSERT INTO ledger_entry
        (transaction_id, account_id, currency, direction, amount_minor, balance_after_minor, account_version)
    SELECT
        v_new_ids[e.transaction],
        e.account_id,
        e.currency,
        e.direction,
        e.amount,
        (CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END) * (
            s.net + sum(CASE e.direction WHEN 'debit' THEN e.amount ELSE -e.amount END) OVER history
        ),
        s.version + row_number() OVER history
    FROM
        unnest(p_entry_transactions, v_entry_account_ids, p_entry_currencies, p_entry_directions, p_entry_amounts)
        WITH ORDINALITY AS e (transaction, account_id, currency, direction, amount, pos)
    INNER JOIN unnest(v_account_ids, v_versions, v_nets) AS s (account_id, version, net)
        ON s.account_id = e.account_id
    INNER JOIN ledger_account AS a ON a.id = e.account_id
    WINDOW history AS (PARTITION BY e.account_id ORDER BY e.pos)
    ORDER BY e.pos;

    RETURN QUERY
    SELECT g.pos, t.id, t.public_id::text, v_new_ids[g.pos] IS NULL
    FROM unnest(p_references) WITH ORDINALITY AS g (reference, pos)
    INNER JOIN ledger_transaction AS t ON t.book_id = v_book_id AND t.reference = g.reference
    ORDER BY g.pos;
END;
$$;
