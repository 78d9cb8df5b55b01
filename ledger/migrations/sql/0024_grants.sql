-- Promise: the application cannot write the books but through the functions above, and nobody can rewrite them.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON
ledger_account, ledger_transaction, ledger_latetransaction, ledger_entry, ledger_balance,
ledger_hold, ledger_resolution, ledger_remainder, ledger_seal_block, ledger_seal_position, ledger_daily_sum
FROM tally_app;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_book FROM tally_app;

-- The inner functions do nothing for a role that may not write the tables; nobody has a reason to call them, but for
-- those that only read.
DO $$
DECLARE
    v_function record;
BEGIN
    FOR v_function IN
        SELECT
            p.oid::regprocedure AS name,
            p.prosecdef AS outer
        FROM pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'ledger\_%' AND p.prorettype <> 'trigger'::regtype
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM public', v_function.name);
        IF v_function.outer OR v_function.name::text ~ '^ledger_(low|high|leaves|merkle_root|block_hash|check_seals)' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tally_app', v_function.name);
        END IF;
    END LOOP;
END;
$$;
