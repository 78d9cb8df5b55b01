-- What new transactions of a call do to others: they are holds, or they settle, void, expire or reverse a target.
--
-- Promises: a hold ends at most once; it is settled up to its amount and never after it expired; a transaction is
-- reversed at most once in full, or in parts that never exceed it. Held by ledger_resolution_final (one final
-- resolution per target) and ledger_remainder_within_total. Hold rows are locked in the order of their ids, after the
-- balances: two calls cannot deadlock here.
--
-- p_ids: the new transactions by position, NULL where replayed. The other arrays have one element per link.
CREATE FUNCTION ledger_link(
    p_book_id integer,
    p_ids bigint[],
    p_positions integer[],
    p_actions text[],
    p_targets text[],
    p_finals boolean[],
    p_expires_at timestamptz[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    v_link record;
    v_hold ledger_hold;
BEGIN
    INSERT INTO ledger_hold (transaction_id, expires_at)
    SELECT p_ids[l.pos], l.expires_at
    FROM unnest(p_positions, p_actions, p_expires_at) AS l (pos, action, expires_at)
    WHERE l.action = 'hold' AND p_ids[l.pos] IS NOT NULL;

    FOR v_link IN
        SELECT l.*, p_ids[l.pos] AS id, t.id AS target_id
        FROM unnest(p_positions, p_actions, p_targets, p_finals) AS l (pos, action, target, final)
        LEFT JOIN ledger_transaction AS t ON t.book_id = p_book_id AND t.reference = l.target
        WHERE l.action <> 'hold' AND p_ids[l.pos] IS NOT NULL
        ORDER BY t.id, l.pos
    LOOP
        IF v_link.target_id IS NULL THEN
            RAISE EXCEPTION 'no transaction %', v_link.target USING
                ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_target_known', DETAIL = v_link.target;
        END IF;
        IF v_link.action <> 'reverse' THEN
            SELECT h.* INTO v_hold FROM ledger_hold AS h WHERE h.transaction_id = v_link.target_id FOR UPDATE;
            IF
                v_hold.transaction_id IS NULL OR v_hold.ended_at IS NOT NULL
                OR (v_link.action = 'settle' AND v_hold.expires_at <= clock_timestamp())
                OR (v_link.action = 'expire' AND (v_hold.expires_at <= clock_timestamp()) IS NOT TRUE)
            THEN
                RAISE EXCEPTION 'hold % cannot %', v_link.target, v_link.action USING
                    ERRCODE = 'check_violation',
                    DETAIL = v_link.target,
                    CONSTRAINT = CASE
                        WHEN v_hold.transaction_id IS NULL THEN 'ledger_hold_known'
                        WHEN v_hold.ended_at IS NOT NULL THEN 'ledger_hold_ended'
                        WHEN v_link.action = 'settle' THEN 'ledger_hold_expired'
                        ELSE 'ledger_hold_due'
                    END;
            END IF;
        END IF;
        INSERT INTO ledger_resolution (transaction_id, target_id, action, final)
        VALUES (v_link.id, v_link.target_id, v_link.action, v_link.final);
        IF
            ledger_use_target(v_link.id, v_link.target_id, v_link.action, v_link.final)
            AND v_link.action <> 'reverse'
        THEN
            UPDATE ledger_hold SET ended_at = clock_timestamp() WHERE transaction_id = v_link.target_id;
        END IF;
    END LOOP;
END;
$$;
