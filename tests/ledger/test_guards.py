"""Each guard of the ledger holds something: with it the act is refused, and once it is dropped the act goes through.

The acts are those that other tests refuse; a guard that could be dropped without one of them passing guards nothing.
"""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic
from django_subatomic.db import transaction

from exactly_once.errors import TallyError
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from ledger.drafts import HoldTerms, TransactionDraft, credit, debit
from tests.ledger.books import BOOK, CASH, NOW, SALES, eur, sale
from tests.ledger.guarded_acts import GUARDS, post

pytestmark = pytest.mark.django_db(transaction=True)


class _RolledBack(Exception):
    """No error: it ends the transaction that dropped the guard."""


def open_books() -> None:
    open_book(code=BOOK, name="Test", now=NOW)
    ensure_accounts(
        book=BOOK,
        accounts=[AccountSpec(CASH, "EUR", "asset", "debit"), AccountSpec(SALES, "EUR", "revenue", "credit")],
    )
    pending = (debit(CASH, eur(100), "pending"), credit(SALES, eur(100), "pending"))
    post(sale("sale", 100))
    post(TransactionDraft("hold", "hold", pending, NOW, link=HoldTerms()))


def refusal_of(act: Callable[[], None]) -> str | None:
    """Do it in a savepoint that is rolled back where it is refused; return with what it was."""
    try:
        with atomic():
            act()
    except TallyError as refusal:
        return refusal.code
    except DatabaseError as error:
        named = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        plain = next((words for words in ("append-only", "permission denied") if words in str(error)), None)
        return plain or named or str(error)
    return None


@pytest.mark.parametrize("guard", list(GUARDS))
def test_without_its_guard_the_act_goes_through(guard: str) -> None:
    # The table's definition comes back with the rollback.
    with pytest.raises(_RolledBack), transaction():  # noqa: PT012 - everything is to be rolled back
        open_books()
        prove(*GUARDS[guard])
        raise _RolledBack


def prove(code: str, drops: Callable[[], list[str]], act: Callable[[], None]) -> None:
    # Given
    assert refusal_of(act) == code
    # When
    with connection.cursor() as cursor:
        for statement in ["SET CONSTRAINTS ALL IMMEDIATE", *drops()]:
            cursor.execute(statement)
    # Then
    assert refusal_of(act) is None
