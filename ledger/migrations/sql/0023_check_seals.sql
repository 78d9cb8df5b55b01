-- Names every sealed transaction that is not as it was sealed, and every block that is not as it was written:
-- altered, deleted, inserted. Reads everything once.
CREATE FUNCTION ledger_check_seals() RETURNS TABLE (r_problem text)
LANGUAGE plpgsql
STABLE
SET search_path = public, pg_temp
AS $$
DECLARE
    v_block record;
    v_ids bigint[];
    v_leaves bytea[];
    v_number bigint := 0;
    v_book_id integer;
    v_previous bytea;
BEGIN
    FOR v_block IN
        SELECT
            s.*,
            b.code
        FROM ledger_seal_block AS s
        INNER JOIN ledger_book AS b ON b.id = s.book_id
        ORDER BY s.book_id, s.number
    LOOP
        IF v_block.book_id IS DISTINCT FROM v_book_id THEN
            v_book_id := v_block.book_id;
            v_number := 0;
            v_previous := decode(repeat('00', 32), 'hex');
        END IF;
        IF
            v_block.number <> v_number + 1 OR v_block.previous_hash <> v_previous
            OR v_block.hash <> ledger_block_hash(
                v_block.code, v_block.number, v_block.through_id, v_block.count, v_block.root, v_block.previous_hash
            )
        THEN
            r_problem := format('book %s: block %s does not follow from the one before', v_block.code, v_block.number);
            RETURN NEXT;
        END IF;
        v_number := v_block.number;
        v_previous := v_block.hash;

        SELECT
            coalesce(array_agg(l.r_id ORDER BY l.r_id), '{}'),
            coalesce(array_agg(sha256('\x00'::bytea || convert_to(l.r_leaf, 'UTF8')) ORDER BY l.r_id), '{}')
        INTO v_ids, v_leaves
        FROM ledger_leaves(v_block.book_id, v_block.after_id, v_block.through_id) AS l;

        IF ledger_merkle_root(v_leaves) IS DISTINCT FROM v_block.root THEN
            RETURN QUERY
            SELECT
                CASE
                    WHEN f.id IS NULL THEN format('transaction txn_%s was deleted', s.id)
                    WHEN s.id IS NULL THEN format('transaction txn_%s was inserted', f.id)
                    ELSE format('transaction txn_%s was altered', s.id)
                END
            FROM (
                SELECT
                    r.id,
                    substring(v_block.marks FROM ((row_number() OVER (ORDER BY r.id) - 1) * 8 + 1)::integer FOR 8) AS mark
                FROM unnest(v_block.ids::int8multirange) AS m (ids)
                CROSS JOIN LATERAL generate_series(lower(m.ids), upper(m.ids) - 1) AS r (id)
            ) AS s
            FULL JOIN unnest(v_ids, v_leaves) AS f (id, leaf) ON f.id = s.id
            WHERE s.id IS NULL OR f.id IS NULL OR s.mark <> substring(f.leaf FOR 8)
            ORDER BY coalesce(s.id, f.id);
            IF NOT FOUND THEN
                r_problem := format('book %s: block %s has another root', v_block.code, v_block.number);
                RETURN NEXT;
            END IF;
        END IF;
    END LOOP;

    -- What has an id that should have been sealed, in a book that has no block so far.
    RETURN QUERY
    SELECT format('transaction txn_%s was inserted', t.id)
    FROM ledger_transaction AS t
    INNER JOIN (
        SELECT
            b.id,
            coalesce(max(s.through_id), 0) AS through_id
        FROM ledger_book AS b
        LEFT JOIN ledger_seal_block AS s ON s.book_id = b.id
        GROUP BY b.id
    ) AS b ON b.id = t.book_id
    WHERE t.id > b.through_id AND t.id <= (SELECT coalesce(max(p.through_id), 0) FROM ledger_seal_position AS p);
END;
$$;
