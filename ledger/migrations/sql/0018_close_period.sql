-- Closes a book before a moment: what is dated earlier counts from then on. A period that is closed stays closed.
-- A posting that read the book before this commits may still be under way: whoever closes waits for those writers.
CREATE FUNCTION ledger_close_period(p_book text, p_open_from timestamptz) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE ledger_book AS b SET open_from = greatest(b.open_from, p_open_from) WHERE b.code = p_book;
    RETURN found;
END;
$$;
