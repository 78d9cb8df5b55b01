-- The root of the Merkle tree over hashed leaves, as RFC 9162 (2.1.1) builds it: a node is SHA-256 of 0x01 and its two
-- children; a node without a sibling rises as it is.
CREATE FUNCTION ledger_merkle_root(p_leaves bytea[]) RETURNS bytea
LANGUAGE plpgsql
IMMUTABLE
SET search_path = public, pg_temp
AS $$
DECLARE
    v_level bytea[] := p_leaves;
BEGIN
    WHILE cardinality(v_level) > 1 LOOP
        SELECT array_agg(coalesce(sha256('\x01'::bytea || p.node || p.sibling), p.node) ORDER BY p.pos) INTO v_level
        FROM (
            SELECT
                n.pos,
                n.node,
                lead(n.node) OVER (ORDER BY n.pos) AS sibling
            FROM unnest(v_level) WITH ORDINALITY AS n (node, pos)
        ) AS p
        WHERE p.pos % 2 = 1;
    END LOOP;
    RETURN v_level[1];
END;
$$;
