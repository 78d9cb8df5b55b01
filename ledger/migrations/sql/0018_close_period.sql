-- Closes a book before a moment: what is dated earlier counts from then on. Waits for the postings that are under way
-- and lets none begin (they share the lock that this takes alone), so that none of them is dated behind the line.
-- A period that is closed stays closed.
CREATE FUNCTION ledger_close_period(p_book text, p_open_from timestamptz) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_book, 0));
    UPDATE ledger_book AS b SET open_from = greatest(b.open_from, p_open_from) WHERE b.code = p_book;
    RETURN found;
END;
$$;
