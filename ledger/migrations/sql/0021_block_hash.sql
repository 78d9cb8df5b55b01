-- The hash of a block: over its header as text, one field a line, which an inclusion proof carries as well.
CREATE FUNCTION ledger_block_hash(
    p_book text, p_number bigint, p_through bigint, p_count bigint, p_root bytea, p_previous bytea
) RETURNS bytea
LANGUAGE sql
IMMUTABLE
SET search_path = public, pg_temp
AS $$
    SELECT sha256(convert_to(
        concat_ws(
            e'\n', p_book, p_number, p_through, p_count, encode(p_root, 'hex'), encode(p_previous, 'hex')
        ), 'UTF8'
    ));
$$;
