-- Posts one transaction whose entries are all posted (not pending): the way of nearly every posting, so nothing here
-- that it can do without. ledger_post_batch does the rest, under the same constraints.
--
-- Returns the transaction's id; below zero where the book knew the reference. A known reference is not posted again:
-- with the same fingerprint the first result is returned, with another the call is refused. p_amounts are signed:
-- debits above zero. The caller gives entries in the order of their accounts (code, then currency, byte by byte), which
-- is the order of locks: two calls cannot deadlock. p_ordinals are the places that the entries have in the
-- transaction, from 1. A date in a closed period moves to the first open moment where p_move_late says so, and is kept
-- beside the transaction.
--
-- Refusals carry a constraint name: ledger_book_known, ledger_reference_conflict, ledger_period_open, and those of
-- ledger_refuse_entry and of the tables.
CREATE FUNCTION ledger_post(
    p_book text,
    p_reference text,
    p_fingerprint bytea,
    p_kind text,
    p_effective_at timestamptz,
    p_move_late boolean,
    p_description text,
    p_metadata jsonb,
    p_accounts text[],
    p_currencies text[],
    p_amounts bigint[],
    p_ordinals smallint[]
) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_id bigint;
    v_book_id integer;
    v_effective_at timestamptz;
    v_place integer := 1;
    v_entry ledger_entry;
    v_entries ledger_entry[];
BEGIN
    INSERT INTO ledger_transaction
        (effective_at, recorded_at, book_id, reference, fingerprint, kind, description, metadata)
    SELECT
        greatest(p_effective_at, b.open_from), clock_timestamp(), b.id,
        p_reference, p_fingerprint, p_kind, p_description, p_metadata
    FROM ledger_book AS b
    WHERE b.code = p_book
    ON CONFLICT (book_id, reference) DO NOTHING
    RETURNING id, book_id, effective_at INTO v_id, v_book_id, v_effective_at;

    IF v_id IS NULL THEN
        RETURN -ledger_replay(p_book, p_reference, p_fingerprint);
    END IF;
    IF v_effective_at <> p_effective_at THEN
        PERFORM ledger_cite_late(v_id, p_effective_at, p_move_late);
    END IF;

    WHILE v_place <= cardinality(p_accounts) LOOP
        UPDATE ledger_balance AS l SET
            debits_minor = l.debits_minor + greatest(p_amounts[v_place], 0),
            credits_minor = l.credits_minor - least(p_amounts[v_place], 0),
            net_low_minor = l.net_low_minor + p_amounts[v_place],
            net_high_minor = l.net_high_minor + p_amounts[v_place],
            version = l.version + 1
        WHERE
            l.book_id = v_book_id AND l.code = p_accounts[v_place] AND l.currency = p_currencies[v_place]
            AND l.stripe = pg_backend_pid() % l.stripes
            AND l.closed_at IS NULL
            AND (l.net_low_minor + p_amounts[v_place] >= l.net_min_minor) IS NOT FALSE
            AND (l.net_high_minor + p_amounts[v_place] <= l.net_max_minor) IS NOT FALSE
        RETURNING
            (v_id << 10) + p_ordinals[v_place], abs(p_amounts[v_place]),
            l.normal_sign * (l.debits_minor - l.credits_minor), l.version, l.account_id, l.stripe, l.currency,
            CASE WHEN p_amounts[v_place] > 0 THEN 'D' ELSE 'C' END, 'P'
        INTO v_entry;
        IF v_entry.id IS NULL THEN
            PERFORM ledger_refuse_entry(v_book_id, p_accounts[v_place], p_currencies[v_place]);
            CONTINUE; -- the account got more stripes while we waited for its row
        END IF;
        v_entries[v_place] := v_entry;
        v_place := v_place + 1;
    END LOOP;

    INSERT INTO ledger_entry
        (id, amount_minor, balance_after_minor, account_version, account_id, stripe, currency, direction, status)
    SELECT
        e.id, e.amount_minor, e.balance_after_minor, e.account_version,
        e.account_id, e.stripe, e.currency, e.direction, e.status
    FROM unnest(v_entries) AS e;
    RETURN v_id;
END;
$$;
