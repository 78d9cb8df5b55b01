"""Verify finds what a superuser did behind the application's back."""

import pytest
from django.db import connection

from ledger.verify import checks
from tests.factories import NOW
from tests.ledger.books import open_test_book, post, sale

pytestmark = pytest.mark.django_db(transaction=True)

SUMS = "ledger: debits = credits, per transaction, currency and status"
BALANCES = "ledger: balances equal the sums of their entries, posted and pending"
HISTORY = "ledger: each stripe's history has no gap, and every running balance follows from the one before"
LINKS = "ledger: every transaction has entries, every entry its transaction and account"
TRIAL = "ledger: the trial balance is zero, per book and currency"

DAMAGE = {
    "UPDATE ledger_entry SET amount_minor = amount_minor + 1 WHERE direction = 'D' AND account_version = 1": {
        SUMS,
        BALANCES,
        HISTORY,
    },
    "DELETE FROM ledger_entry WHERE account_version = 2": {
        LINKS,
        BALANCES,
        HISTORY,
    },
    "UPDATE ledger_balance SET debits_minor = debits_minor + 1 WHERE debits_minor > 0": {
        BALANCES,
        TRIAL,
    },
    "DELETE FROM ledger_transaction WHERE reference = 'r-2'": {
        LINKS,
    },
    "UPDATE ledger_entry SET currency = 'USD' WHERE account_version = 1": {
        LINKS,
    },
}


def _broken() -> set[str]:
    return {check.name for check in checks(now=NOW) if not check.passed}


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_damage_is_found_and_named(damage: str) -> None:
    # Given
    open_test_book()
    post(sale("r-1"), sale("r-2"), sale("r-3"))
    assert _broken() == set()
    # When
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(damage)
        cursor.execute("RESET session_replication_role")
    # Then
    assert _broken() == DAMAGE[damage]
