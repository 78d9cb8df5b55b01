-- Finds what a reference was posted as. Raises where there is no such book, or where the contents were others.
CREATE FUNCTION ledger_replay(p_book text, p_reference text, p_fingerprint bytea) RETURNS bigint
LANGUAGE plpgsql
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_id bigint;
    v_fingerprint bytea;
BEGIN
    SELECT t.id, t.fingerprint INTO v_id, v_fingerprint
    FROM ledger_book AS b
    INNER JOIN ledger_transaction AS t ON t.book_id = b.id AND t.reference = p_reference
    WHERE b.code = p_book;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown book' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_book_known';
    END IF;
    IF v_fingerprint IS DISTINCT FROM p_fingerprint THEN
        RAISE EXCEPTION 'reference % was posted with other contents', p_reference
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'ledger_reference_conflict', DETAIL = p_reference;
    END IF;
    RETURN v_id;
END;
$$;
