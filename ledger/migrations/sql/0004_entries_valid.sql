-- Promise: per transaction, currency and status, debits = credits; every amount is positive, every direction and
-- status known. One look at all rows of an INSERT, whoever writes it. The first question is the cheap one: it settles
-- the common case of one transaction in one currency without a hash table.
CREATE FUNCTION ledger_entries_valid() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    v_one boolean;
    v_sum numeric;
BEGIN
    SELECT
        min(e.id >> 10) = max(e.id >> 10) AND min(e.currency) = max(e.currency)
        AND min(e.status) = 'P' AND max(e.status) = 'P' AND min(e.amount_minor) > 0
        AND min(e.direction) = 'C' AND max(e.direction) = 'D',
        sum(CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END)
    INTO v_one, v_sum
    FROM added AS e;
    IF v_one AND v_sum = 0 THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT 1 FROM added AS e
        WHERE
            e.amount_minor <= 0
            OR e.direction NOT IN ('D', 'C')
            OR e.status NOT IN ('P', 'H', 'R')
    ) THEN
        RAISE EXCEPTION 'an amount, direction or status is none'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_valid';
    END IF;
    IF EXISTS (
        SELECT 1
        FROM added AS e
        GROUP BY e.id >> 10, e.currency, e.status
        HAVING sum(CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END) <> 0
    ) THEN
        RAISE EXCEPTION 'debits and credits of a transaction differ'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_sum_to_zero';
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER ledger_entries_valid
AFTER INSERT ON ledger_entry
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_valid();
