-- Promise: the application cannot write the books but through the functions above, and nobody can rewrite them.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger_account, ledger_transaction, ledger_entry, ledger_balance
FROM tally_app;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_book FROM tally_app;
REVOKE EXECUTE ON FUNCTION ledger_open_accounts(text, text[], text[], text[], text[], text[]) FROM public;
REVOKE EXECUTE ON FUNCTION ledger_close_account(text, text, text, timestamptz) FROM public;
REVOKE EXECUTE ON FUNCTION ledger_post(
    text, text[], text[], bytea[], text[], timestamptz[], text[], jsonb[],
    integer[], text[], text[], text[], bigint[]
) FROM public;
GRANT EXECUTE ON FUNCTION ledger_open_accounts(text, text[], text[], text[], text[], text[]) TO tally_app;
GRANT EXECUTE ON FUNCTION ledger_close_account(text, text, text, timestamptz) TO tally_app;
GRANT EXECUTE ON FUNCTION ledger_post(
    text, text[], text[], bytea[], text[], timestamptz[], text[], jsonb[],
    integer[], text[], text[], text[], bigint[]
) TO tally_app;

-- A balance row changes with every posting: room on its page keeps each update on it (HOT), with no index to touch.
ALTER TABLE ledger_balance SET (fillfactor = 50);
