-- Promise: per transaction and currency, debits = credits. One look at all rows of an INSERT, whoever writes it.
CREATE FUNCTION ledger_entries_sum_to_zero() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM added AS e
        GROUP BY e.transaction_id, e.currency
        HAVING sum(CASE e.direction WHEN 'debit' THEN e.amount_minor ELSE -e.amount_minor END) <> 0
    ) THEN
        RAISE EXCEPTION 'debits and credits of a transaction differ'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_sum_to_zero';
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER ledger_entries_sum_to_zero
AFTER INSERT ON ledger_entry
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_sum_to_zero();
