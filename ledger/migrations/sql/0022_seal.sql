-- Seals what was posted up to p_through and adds it to the sums per day, in one commit. The caller has seen to it that
-- no transaction with a smaller id can appear any more. A block has at most p_block transactions.
CREATE FUNCTION ledger_seal(p_through bigint, p_block integer) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_after bigint;
    v_book record;
    v_last record;
    v_ids bigint[];
    v_leaves bytea[];
    v_root bytea;
    v_sealed bigint := 0;
BEGIN
    INSERT INTO ledger_seal_position (id, through_id, sealed_at) VALUES (1, 0, clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT p.through_id INTO v_after FROM ledger_seal_position AS p WHERE p.id = 1 FOR UPDATE;

    FOR v_book IN
        SELECT
            b.id,
            b.code,
            s.through_id
        FROM ledger_book AS b
        INNER JOIN (
            SELECT
                t.book_id,
                t.id AS through_id,
                row_number() OVER (PARTITION BY t.book_id ORDER BY t.id) AS place,
                lead(t.id) OVER (PARTITION BY t.book_id ORDER BY t.id) IS NULL AS is_last
            FROM ledger_transaction AS t
            WHERE t.id > v_after AND t.id <= p_through
        ) AS s ON s.book_id = b.id AND (s.is_last OR s.place % p_block = 0)
        ORDER BY b.id, s.through_id
    LOOP
        SELECT
            coalesce(max(s.number), 0) AS number,
            coalesce(max(s.through_id), 0) AS through_id,
            coalesce((array_agg(s.hash ORDER BY s.number DESC))[1], decode(repeat('00', 32), 'hex')) AS hash
        INTO v_last
        FROM (
            SELECT n.number, n.through_id, n.hash FROM ledger_seal_block AS n
            WHERE n.book_id = v_book.id ORDER BY n.number DESC LIMIT 1
        ) AS s;

        SELECT
            array_agg(l.r_id ORDER BY l.r_id),
            array_agg(sha256('\x00'::bytea || convert_to(l.r_leaf, 'UTF8')) ORDER BY l.r_id)
        INTO v_ids, v_leaves
        FROM ledger_leaves(v_book.id, greatest(v_last.through_id, v_after), v_book.through_id) AS l;
        v_root := ledger_merkle_root(v_leaves);
        INSERT INTO ledger_seal_block
            (book_id, number, after_id, through_id, ids, count, root, previous_hash, hash, marks, sealed_at)
        SELECT
            v_book.id, v_last.number + 1, v_last.through_id, v_book.through_id,
            (SELECT range_agg(int8range(i, i, '[]')) FROM unnest(v_ids) AS i)::text,
            cardinality(v_ids), v_root, v_last.hash,
            ledger_block_hash(
                v_book.code, v_last.number + 1, v_book.through_id, cardinality(v_ids), v_root, v_last.hash
            ),
            (SELECT string_agg(substring(m.leaf FOR 8), '' ORDER BY m.pos)
                FROM unnest(v_leaves) WITH ORDINALITY AS m (leaf, pos)),
            clock_timestamp();
        v_sealed := v_sealed + cardinality(v_ids);
    END LOOP;

    INSERT INTO ledger_daily_sum AS d 
        (account_id, effective_on, recorded_on, stripe, debits_minor, credits_minor, first_version, last_version)
    SELECT
        e.account_id,
        t.effective_at::date,
        t.recorded_at::date,
        e.stripe,
        coalesce(sum(e.amount_minor) FILTER (WHERE e.direction = 'D'), 0),
        coalesce(sum(e.amount_minor) FILTER (WHERE e.direction = 'C'), 0),
        min(e.account_version),
        max(e.account_version)
    FROM ledger_entry AS e
    INNER JOIN ledger_transaction AS t ON t.id = e.id >> 10
    WHERE e.id >= (v_after + 1) << 10 AND e.id < (p_through + 1) << 10 AND e.status = 'P'
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (account_id, effective_on, recorded_on, stripe) DO UPDATE SET
        debits_minor = d.debits_minor + excluded.debits_minor,
        credits_minor = d.credits_minor + excluded.credits_minor,
        first_version = least(d.first_version, excluded.first_version),
        last_version = greatest(d.last_version, excluded.last_version);

    UPDATE ledger_seal_position SET through_id = greatest(through_id, p_through), sealed_at = clock_timestamp()
    WHERE id = 1;
    RETURN v_sealed;
END;
$$;
