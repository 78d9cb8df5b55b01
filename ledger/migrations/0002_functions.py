from typing import ClassVar

from django.db import migrations

from exactly_once.migration_sql import run_sql_file

# Each file with what undoes it.
FILES = {
    "0001_storage": (
        "ALTER TABLE ledger_balance RESET (fillfactor);"
        " DROP INDEX ledger_transaction_metadata; DROP INDEX ledger_transaction_times;"
    ),
    "0002_open_accounts": "DROP FUNCTION ledger_open_accounts;",
    "0003_close_account": "DROP FUNCTION ledger_close_account;",
    "0004_entries_valid": """
        DROP TRIGGER ledger_entries_valid ON ledger_entry;
        DROP FUNCTION ledger_entries_valid;
    """,
    "0005_refuse_entry": "DROP FUNCTION ledger_refuse_entry;",
    "0006_replay": "DROP FUNCTION ledger_replay;",
    "0007_cite_late": "DROP FUNCTION ledger_cite_late;",
    "0008_post": "DROP FUNCTION ledger_post;",
    "0009_use_target": "DROP FUNCTION ledger_use_target;",
    "0010_link": "DROP FUNCTION ledger_link;",
    "0011_low_high": "DROP FUNCTION ledger_low; DROP FUNCTION ledger_high;",
    "0012_check_limits": "DROP FUNCTION ledger_check_limits;",
    "0013_post_batch": "DROP FUNCTION ledger_post_batch;",
    "0014_post_each": "DROP FUNCTION ledger_post_each;",
    "0015_set_limits": "DROP FUNCTION ledger_set_limits;",
    "0016_raise_stripes": "DROP FUNCTION ledger_raise_stripes;",
    "0017_stripes_without_limits": """
        DROP TRIGGER ledger_stripes_without_limits ON ledger_balance;
        DROP FUNCTION ledger_stripes_without_limits;
    """,
    "0018_close_period": "DROP FUNCTION ledger_close_period;",
    "0019_leaves": "DROP FUNCTION ledger_leaves;",
    "0020_merkle_root": "DROP FUNCTION ledger_merkle_root;",
    "0021_block_hash": "DROP FUNCTION ledger_block_hash;",
    "0022_seal": "DROP FUNCTION ledger_seal;",
    "0023_check_seals": "DROP FUNCTION ledger_check_seals;",
    "0024_grants": """
        GRANT INSERT, UPDATE, DELETE ON
        ledger_account, ledger_transaction, ledger_latetransaction, ledger_entry, ledger_balance,
        ledger_hold, ledger_resolution, ledger_remainder, ledger_seal_block, ledger_seal_position, ledger_daily_sum
        TO tally_app;
        GRANT UPDATE, DELETE ON ledger_book TO tally_app;
    """,
}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ledger", "0001_initial")]

    operations: ClassVar = [run_sql_file(__file__, name, reverse=reverse) for name, reverse in FILES.items()]
