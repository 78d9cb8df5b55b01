-- The transactions of a book with ids in (p_after, p_through], each as the text that its seal covers: every field of it
-- and of its entries, its own date where it came late, what it resolves, and until when it holds. Times are
-- microseconds since 1970. The text is what an inclusion proof carries, so that it can be checked without us.
CREATE FUNCTION ledger_leaves(p_book_id integer, p_after bigint, p_through bigint)
RETURNS TABLE (r_id bigint, r_leaf text)
LANGUAGE sql
STABLE
SET search_path = public, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT
        t.id,
        json_build_object(
            'id', t.id,
            'book', b.code,
            'reference', t.reference,
            'kind', t.kind,
            'effective_at', (extract(EPOCH FROM t.effective_at) * 1000000)::bigint,
            'recorded_at', (extract(EPOCH FROM t.recorded_at) * 1000000)::bigint,
            'dated_at', (extract(EPOCH FROM l.dated_at) * 1000000)::bigint,
            'description', t.description,
            'metadata', t.metadata,
            'fingerprint', encode(t.fingerprint, 'hex'),
            'resolves', CASE WHEN r.transaction_id IS NOT NULL THEN json_build_array(r.target_id, r.action, r.final) END,
            'holds_until', CASE
                WHEN h.transaction_id IS NOT NULL
                    THEN coalesce((extract(EPOCH FROM h.expires_at) * 1000000)::bigint::text, 'forever')
            END,
            'entries', e.entries
        )::text
    FROM ledger_transaction AS t
    INNER JOIN ledger_book AS b ON b.id = t.book_id
    LEFT JOIN (
        SELECT
            e.id >> 10 AS transaction_id,
            json_agg(
                json_build_array(
                    e.id & 1023, a.code, e.currency, e.direction, e.amount_minor, e.status, e.balance_after_minor,
                    e.stripe, e.account_version
                ) ORDER BY e.id
            ) AS entries
        FROM ledger_entry AS e
        LEFT JOIN ledger_account AS a ON a.id = e.account_id
        WHERE e.id >= (p_after + 1) << 10 AND e.id < (p_through + 1) << 10
        GROUP BY e.id >> 10
    ) AS e ON e.transaction_id = t.id
    LEFT JOIN ledger_latetransaction AS l ON l.transaction_id = t.id
    LEFT JOIN ledger_resolution AS r ON r.transaction_id = t.id
    LEFT JOIN ledger_hold AS h ON h.transaction_id = t.id
    WHERE t.book_id = p_book_id AND t.id > p_after AND t.id <= p_through;
$$;
