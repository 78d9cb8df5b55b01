"""Declared invariants: a sum of accounts, an account that empties."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.utils import timezone

from ledger.drafts import credit, debit
from ledger.invariants import check
from ledger.models import Book, Invariant
from ledger.verify import checks
from tests.ledger.books import BOOK, CASH, FEES, SALES, draft, eur, open_test_book, post, sale

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def declare(**fields: object) -> Invariant:
    invariant = Invariant(book=Book.objects.get(code=BOOK), name="ours", **fields)
    invariant.full_clean()
    invariant.save()
    return invariant


def findings(invariant: Invariant) -> list[str]:
    return check(invariant, now=timezone.now())[1]


def record_earlier(reference: str, days: int) -> None:
    """Have a transaction look as if it had been recorded some days ago, as a superuser could."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE ledger_transaction SET recorded_at = %s WHERE reference = %s",
            [timezone.now() - timedelta(days=days), reference],
        )
        cursor.execute("RESET session_replication_role")


def test_a_sum_that_holds_and_one_that_does_not() -> None:
    # Given cash = sales - fees
    invariant = declare(kind="sum", account=CASH, plus=["revenue:*"], minus=[FEES])
    post(sale("r-1", 100), draft("r-2", debit(FEES, eur(30)), credit(CASH, eur(30))))
    assert findings(invariant) == []
    # When
    invariant.minus = []
    # Then
    assert findings(invariant) == [f"{CASH} holds EUR 0.70, not EUR 1.00"]


def test_verify_has_a_line_for_each() -> None:
    declare(kind="sum", account=CASH, plus=[FEES])
    post(sale("r-1", 100))
    assert [result.name for result in checks(now=timezone.now()) if not result.passed] == ["ledger: test: ours"]


def test_an_account_that_was_empty_in_time_holds() -> None:
    invariant = declare(kind="empties", account="assets:*", within_days=7)
    # Given money that came in today
    post(sale("r-1", 100))
    assert findings(invariant) == []
    # When it has been there for long
    record_earlier("r-1", 8)
    assert len(findings(invariant)) == 1
    # Then it does not help that some left
    post(draft("r-2", debit(FEES, eur(30)), credit(CASH, eur(30))))
    assert len(findings(invariant)) == 1
    # But that all left, even if more came since
    post(draft("r-3", debit(FEES, eur(70)), credit(CASH, eur(70))), sale("r-4", 5))
    assert findings(invariant) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "sum", "plus": "x"}, "plus"),
        ({"kind": "sum"}, "plus"),
        ({"kind": "sum", "plus": [SALES], "within_days": 3}, "within_days"),
        ({"kind": "empties"}, "within_days"),
        ({"kind": "other"}, "kind"),
    ],
)
def test_what_cannot_be_checked_is_refused_by_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        declare(account=CASH, **fields)
    assert field in refusal.value.message_dict
    assert not Invariant.objects.exists()


def test_the_database_refuses_an_invariant_that_is_incomplete() -> None:
    with pytest.raises(IntegrityError, match="ledger_invariant_complete"):
        Invariant.objects.create(book=Book.objects.get(code=BOOK), name="x", kind="empties", account=CASH)
