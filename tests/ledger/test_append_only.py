"""What is written stays written: against the owner by trigger, against the application by its rights."""

import psycopg
import pytest
from django.db import DatabaseError, connection

from tests.ledger.books import as_application, holdings, open_test_book, post, sale, written

pytestmark = pytest.mark.django_db(transaction=True)

REWRITES = [
    "UPDATE ledger_entry SET amount_minor = 1",
    "DELETE FROM ledger_entry",
    "TRUNCATE ledger_entry",
    "UPDATE ledger_transaction SET effective_at = now()",
    "DELETE FROM ledger_transaction",
    "TRUNCATE ledger_transaction CASCADE",
]
FORGERIES = [
    """INSERT INTO ledger_transaction (effective_at, book_id, reference, fingerprint, kind, description, metadata)
    SELECT now(), id, 'x', '', 'x', '', '{}' FROM ledger_book""",
    """INSERT INTO ledger_entry (id, amount_minor, balance_after_minor, account_version, account_id, stripe, currency,
    direction, status) SELECT id + 100, 1, 0, 99, account_id, 0, currency, direction, status FROM ledger_entry""",
    "INSERT INTO ledger_hold (transaction_id) SELECT id FROM ledger_transaction",
    "INSERT INTO ledger_resolution (transaction_id, target_id, action, final) VALUES (1, 2, 'void', true)",
    "UPDATE ledger_remainder SET used_minor = 0",
    "UPDATE ledger_book SET open_from = NULL",
    "SELECT ledger_cite_late(1, now(), true)",
    "SELECT ledger_use_target(1, 2, 'void', true)",
    "UPDATE ledger_balance SET debits_minor = 0, credits_minor = 0",
    "DELETE FROM ledger_balance",
    "UPDATE ledger_balance SET closed_at = NULL",
    "UPDATE ledger_account SET currency = 'USD'",
    "DELETE FROM ledger_account",
    """INSERT INTO ledger_account (public_id, book_id, code, currency, type, normal_side)
    SELECT 'x', id, 'x', 'EUR', 'asset', 'debit' FROM ledger_book""",
    "UPDATE ledger_book SET code = 'x'",
    "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
]


@pytest.fixture(autouse=True)
def _books() -> None:
    open_test_book()
    post(sale("r-1"))


@pytest.mark.parametrize("statement", REWRITES)
def test_the_owner_cannot_rewrite_the_books(statement: str) -> None:
    before = (written(), holdings())
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (written(), holdings()) == before


@pytest.mark.parametrize("statement", [*REWRITES, *FORGERIES])
def test_the_application_has_no_right_to_write_past_the_functions(statement: str) -> None:
    before = (written(), holdings())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_application([statement])
    assert (written(), holdings()) == before


def test_the_application_may_read_the_books_and_call_the_functions() -> None:
    as_application(
        [
            "SELECT count(*) FROM ledger_entry",
            """SELECT ledger_open_accounts('test', '{acc_x}', '{assets:new}', '{EUR}', '{asset}', '{debit}', '{0}',
            '{NULL}', '{1}', '{"{}"}')""",
        ]
    )
