-- Posts one to thousands of transactions in one call, all or none: holds, resolutions, and batches of anything.
--
-- References, dates and refusals are as in ledger_post. Balances are touched once per account, in the order of code and
-- currency, so that no two calls deadlock; a reference that comes twice in a call is posted once and then replayed.
-- A floor or ceiling holds after every transaction of the call, not only after the last.
--
-- p_entry_transactions holds, per entry, the 1-based position of its transaction in the arrays of transactions;
-- p_entry_amounts are signed, debits above zero. The p_link_ arrays are those of ledger_link.
CREATE FUNCTION ledger_post_batch(
    p_book text,
    p_move_late boolean[],
    p_references text[],
    p_fingerprints bytea[],
    p_kinds text[],
    p_effective_at timestamptz[],
    p_descriptions text[],
    p_metadata jsonb[],
    p_entry_transactions integer[],
    p_entry_ordinals smallint[],
    p_entry_accounts text[],
    p_entry_currencies text[],
    p_entry_amounts bigint[],
    p_entry_statuses text[],
    p_link_positions integer[],
    p_link_actions text[],
    p_link_targets text[],
    p_link_finals boolean[],
    p_link_expires_at timestamptz[],
    OUT r_ids bigint[],
    OUT r_replayed boolean[]
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    v_book ledger_book;
    v_new_ids bigint []; -- by position; NULL where replayed
    v_sums record;
    v_balance ledger_balance;
    v_balances ledger_balance []; -- as this call leaves them
    v_near boolean := false; -- one of them may have passed its floor or ceiling on the way
    v_count integer := 0;
BEGIN
    -- Before the book is read: whoever closes a period waits for those that have this lock.
    LOCK TABLE ledger_transaction IN ROW EXCLUSIVE MODE;
    SELECT b.* INTO v_book FROM ledger_book AS b WHERE b.code = p_book;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown book' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_book_known';
    END IF;

    -- Ids are drawn in the order of the call; rows are inserted in that of the references, which is the order of locks.
    WITH drawn AS MATERIALIZED (
        SELECT
            *,
            nextval('ledger_transaction_id_seq') AS id
        FROM unnest(p_references, p_fingerprints, p_kinds, p_effective_at, p_descriptions, p_metadata)
        WITH ORDINALITY AS g (reference, fingerprint, kind, effective_at, description, metadata, pos)
    ),

    given AS (
        SELECT *, min(d.pos) OVER (PARTITION BY d.reference) AS first_pos
        FROM drawn AS d
    ),

    posted AS (
        INSERT INTO ledger_transaction
            (id, effective_at, recorded_at, book_id, reference, fingerprint, kind, description, metadata)
        SELECT
            g.id, greatest(g.effective_at, v_book.open_from), clock_timestamp(), v_book.id,
            g.reference, g.fingerprint, g.kind, g.description, g.metadata
        FROM given AS g
        WHERE g.pos = g.first_pos
        ORDER BY g.reference COLLATE "C"
        ON CONFLICT (book_id, reference) DO NOTHING
        RETURNING id, reference
    )

    SELECT array_agg(p.id ORDER BY g.pos) INTO v_new_ids
    FROM given AS g
    LEFT JOIN posted AS p ON p.reference = g.reference AND g.pos = g.first_pos;

    SELECT
        array_agg(
            coalesce(v_new_ids[g.pos], ledger_replay(p_book, g.reference, g.fingerprint))
            ORDER BY g.pos
        ),
        array_agg(v_new_ids[g.pos] IS NULL ORDER BY g.pos)
    INTO r_ids, r_replayed
    FROM unnest(p_references, p_fingerprints) WITH ORDINALITY AS g (reference, fingerprint, pos);

    PERFORM ledger_cite_late(v_new_ids[g.pos], g.effective_at, g.move_late)
    FROM unnest(p_effective_at, p_move_late) WITH ORDINALITY AS g (effective_at, move_late, pos)
    WHERE v_new_ids[g.pos] IS NOT NULL AND g.effective_at < v_book.open_from;

    FOR v_sums IN
        SELECT
            e.account,
            e.currency,
            count(*) AS entries,
            coalesce(sum(e.amount) FILTER (WHERE e.status = 'P' AND e.amount > 0), 0) AS debits,
            coalesce(-sum(e.amount) FILTER (WHERE e.status = 'P' AND e.amount < 0), 0) AS credits,
            sum(ledger_low(e.amount, e.status)) AS low,
            sum(ledger_high(e.amount, e.status)) AS high,
            sum(greatest(ledger_low(e.amount, e.status), 0)) AS raised,
            sum(least(ledger_high(e.amount, e.status), 0)) AS lowered
        FROM unnest(p_entry_transactions, p_entry_accounts, p_entry_currencies, p_entry_amounts, p_entry_statuses)
            AS e (transaction, account, currency, amount, status)
        WHERE v_new_ids[e.transaction] IS NOT NULL
        GROUP BY e.account, e.currency
        ORDER BY e.account COLLATE "C", e.currency COLLATE "C"
    LOOP
        LOOP
            UPDATE ledger_balance AS l SET
                debits_minor = l.debits_minor + v_sums.debits,
                credits_minor = l.credits_minor + v_sums.credits,
                net_low_minor = l.net_low_minor + v_sums.low,
                net_high_minor = l.net_high_minor + v_sums.high,
                version = l.version + v_sums.entries
            WHERE
                l.book_id = v_book.id AND l.code = v_sums.account AND l.currency = v_sums.currency
                AND l.stripe = pg_backend_pid() % l.stripes
                AND l.closed_at IS NULL
                AND (l.net_low_minor + v_sums.low >= l.net_min_minor) IS NOT FALSE
                AND (l.net_high_minor + v_sums.high <= l.net_max_minor) IS NOT FALSE
            RETURNING l.* INTO v_balance;
            EXIT WHEN FOUND;
            PERFORM ledger_refuse_entry(v_book.id, v_sums.account, v_sums.currency);
            -- The account got more stripes while we waited for its row: once more.
        END LOOP;
        v_count := v_count + 1;
        v_balances[v_count] := v_balance;
        -- The end, with all that was added taken off again, is as low as it can have been; and the other way round.
        v_near := v_near
        OR (v_balance.net_low_minor - v_sums.raised < v_balance.net_min_minor) IS TRUE
        OR (v_balance.net_high_minor - v_sums.lowered > v_balance.net_max_minor) IS TRUE;
    END LOOP;

    INSERT INTO ledger_entry
        (id, amount_minor, balance_after_minor, account_version, account_id, stripe, currency, direction, status)
    SELECT
        (v_new_ids[e.transaction] << 10) + e.ordinal,
        abs(e.amount),
        b.normal_sign * (
            b.debits_minor - b.credits_minor
            - coalesce(sum(e.amount) FILTER (WHERE e.status = 'P') OVER rest, 0)
        ),
        b.version - count(*) OVER rest,
        b.account_id,
        b.stripe,
        e.currency,
        CASE WHEN e.amount > 0 THEN 'D' ELSE 'C' END,
        e.status
    FROM unnest(
        p_entry_transactions, p_entry_ordinals, p_entry_accounts, p_entry_currencies, p_entry_amounts, p_entry_statuses
    ) WITH ORDINALITY AS e (transaction, ordinal, account, currency, amount, status, pos)
    INNER JOIN unnest(v_balances) AS b ON b.code = e.account AND b.currency = e.currency
    WHERE v_new_ids[e.transaction] IS NOT NULL
    WINDOW rest AS (
        PARTITION BY b.account_id ORDER BY e.pos ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    );

    IF v_near THEN
        PERFORM ledger_check_limits(
            v_balances, v_new_ids, p_entry_transactions, p_entry_accounts, p_entry_currencies, p_entry_amounts,
            p_entry_statuses
        );
    END IF;
    IF cardinality(p_link_positions) > 0 THEN
        PERFORM ledger_link(
            v_book.id, v_new_ids, p_link_positions, p_link_actions, p_link_targets, p_link_finals, p_link_expires_at
        );
    END IF;
END;
$$;
