-- Promise: an account with a floor or a ceiling has one stripe; no limit can be exact over several rows.
-- Fires only where these columns are set, which postings never do; after the row, as a trigger before it would have
-- every UPDATE lock the row first.
CREATE FUNCTION ledger_stripes_without_limits() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF new.stripes <> 1 AND (new.net_min_minor IS NOT NULL OR new.net_max_minor IS NOT NULL) THEN
        RAISE EXCEPTION 'a striped account has no floor and no ceiling' USING
            ERRCODE = 'check_violation', CONSTRAINT = 'ledger_stripes_without_limits',
            DETAIL = new.code || ' ' || new.currency;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER ledger_stripes_without_limits
AFTER INSERT OR UPDATE OF stripes, net_min_minor, net_max_minor ON ledger_balance
FOR EACH ROW EXECUTE FUNCTION ledger_stripes_without_limits();
