from typing import ClassVar

from django.db import migrations

from exactly_once.migration_sql import run_sql_file

POST = (
    "ledger_post (text, text [], text [], bytea [], text [], timestamptz [], text [], jsonb [],"
    " integer [], text [], text [], text [], bigint [])"
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ledger", "0001_initial")]

    operations: ClassVar = [
        run_sql_file(
            __file__,
            "0001_open_accounts",
            reverse="DROP FUNCTION ledger_open_accounts (text, text [], text [], text [], text [], text []);",
        ),
        run_sql_file(
            __file__,
            "0002_close_account",
            reverse="DROP FUNCTION ledger_close_account (text, text, text, timestamptz);",
        ),
        run_sql_file(
            __file__,
            "0003_sum_zero",
            reverse="""
                DROP TRIGGER ledger_entries_sum_to_zero ON ledger_entry;
                DROP FUNCTION ledger_entries_sum_to_zero ();
            """,
        ),
        run_sql_file(__file__, "0004_post", reverse=f"DROP FUNCTION {POST};"),
        run_sql_file(
            __file__,
            "0005_grants",
            reverse="""
                GRANT INSERT, UPDATE, DELETE ON ledger_account, ledger_transaction, ledger_entry, ledger_balance
                TO tally_app;
                GRANT UPDATE, DELETE ON ledger_book TO tally_app;
                ALTER TABLE ledger_balance RESET (fillfactor);
            """,
        ),
    ]
