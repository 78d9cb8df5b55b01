-- Posts each transaction of a call that can be posted, and says of every other why not: as if each came alone.
--
-- It tries them all at once; where one is refused it halves what it tried, the first half first: few refusals
-- cost few tries. A floor holds after every transaction of a batch, so that what passes together would pass one by one.
-- Before the halves, the balances of the whole call are locked in their one order, which halves would not keep. A
-- posting of one of these references that is under way has the opposite order: that is the deadlock which remains, and
-- whoever opens the transaction tries again.
--
-- The arrays are those of ledger_post_batch; entries come in the order of their transactions. r_constraints and
-- r_details are NULL where a transaction was posted or replayed.
CREATE FUNCTION ledger_post_each(
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
    OUT r_replayed boolean[],
    OUT r_constraints text[],
    OUT r_details text[]
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    v_count constant integer := cardinality(p_references);
    v_ends integer[];              -- by transaction: the place of its last entry
    v_todo integer[] := ARRAY[[1, v_count]]; -- ranges to try, the next one last
    v_first integer;
    v_last integer;
    v_from integer;
    v_links integer[];
    v_posted record;
    v_constraint text;
    v_detail text;
    v_table text;
BEGIN
    r_ids := array_fill(NULL::bigint, ARRAY[v_count]);
    r_replayed := array_fill(false, ARRAY[v_count]);
    r_constraints := array_fill(NULL::text, ARRAY[v_count]);
    r_details := r_constraints;

    SELECT array_agg(ends.last ORDER BY ends.transaction) INTO v_ends
    FROM (
        SELECT
            e.transaction,
            max(e.pos) AS last
        FROM unnest(p_entry_transactions) WITH ORDINALITY AS e (transaction, pos)
        GROUP BY e.transaction
    ) AS ends;

    WHILE cardinality(v_todo) > 0 LOOP
        v_first := v_todo[array_upper(v_todo, 1)][1];
        v_last := v_todo[array_upper(v_todo, 1)][2];
        v_todo := v_todo[1:array_upper(v_todo, 1) - 1];
        v_from := coalesce(v_ends[v_first - 1], 0) + 1;
        SELECT coalesce(array_agg(l.pos::integer ORDER BY l.pos), '{}') INTO v_links
        FROM unnest(p_link_positions) WITH ORDINALITY AS l (transaction, pos)
        WHERE l.transaction BETWEEN v_first AND v_last;
        BEGIN
            SELECT * INTO v_posted
            FROM ledger_post_batch(
                p_book, p_move_late[v_first:v_last],
                p_references[v_first:v_last], p_fingerprints[v_first:v_last], p_kinds[v_first:v_last],
                p_effective_at[v_first:v_last], p_descriptions[v_first:v_last], p_metadata[v_first:v_last],
                ARRAY(SELECT t - v_first + 1 FROM unnest(p_entry_transactions[v_from:v_ends[v_last]]) AS t),
                p_entry_ordinals[v_from:v_ends[v_last]],
                p_entry_accounts[v_from:v_ends[v_last]],
                p_entry_currencies[v_from:v_ends[v_last]],
                p_entry_amounts[v_from:v_ends[v_last]],
                p_entry_statuses[v_from:v_ends[v_last]],
                ARRAY(SELECT p_link_positions[l] - v_first + 1 FROM unnest(v_links) AS l),
                ARRAY(SELECT p_link_actions[l] FROM unnest(v_links) AS l),
                ARRAY(SELECT p_link_targets[l] FROM unnest(v_links) AS l),
                ARRAY(SELECT p_link_finals[l] FROM unnest(v_links) AS l),
                ARRAY(SELECT p_link_expires_at[l] FROM unnest(v_links) AS l)
            );
            FOR i IN v_first..v_last LOOP
                r_ids[i] := v_posted.r_ids[i - v_first + 1];
                r_replayed[i] := v_posted.r_replayed[i - v_first + 1];
            END LOOP;
        EXCEPTION WHEN integrity_constraint_violation OR numeric_value_out_of_range THEN
            GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME, v_detail = PG_EXCEPTION_DETAIL, v_table = TABLE_NAME;
            IF v_first = v_last THEN
                r_constraints[v_first] := coalesce(nullif(v_constraint, ''), 'ledger_amount_in_range');
                -- The detail of a table's own constraint is the row: not for callers.
                r_details[v_first] := CASE WHEN v_table = '' THEN nullif(v_detail, '') END;
            ELSE
                IF v_first = 1 AND v_last = v_count THEN
                    PERFORM 1
                    FROM ledger_balance AS l
                    INNER JOIN ledger_book AS b ON b.id = l.book_id AND b.code = p_book
                    INNER JOIN (
                        SELECT DISTINCT
                            e.account,
                            e.currency
                        FROM unnest(p_entry_accounts, p_entry_currencies) AS e (account, currency)
                    ) AS e ON e.account = l.code AND e.currency = l.currency
                    WHERE l.stripe = pg_backend_pid() % l.stripes
                    ORDER BY l.code COLLATE "C", l.currency COLLATE "C"
                    FOR UPDATE OF l;
                END IF;
                v_todo := v_todo
                || ARRAY[[(v_first + v_last) / 2 + 1, v_last]]
                || ARRAY[[v_first, (v_first + v_last) / 2]];
            END IF;
        END;
    END LOOP;
END;
$$;
