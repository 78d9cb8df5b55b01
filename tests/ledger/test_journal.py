"""Posting: once per reference, balanced, in the account's currency, never on a closed account."""

from typing import Any

import pytest
from django.db import IntegrityError, connection
from django_subatomic.db import transaction

from ledger import journal, queries
from ledger.drafts import credit, debit
from ledger.errors import (
    AccountClosed,
    LedgerNotFound,
    PostingRefused,
    ReferenceConflict,
    UnknownAccount,
    WrongCurrency,
)
from ledger.models import Entry
from ledger.money import MAX_MINOR, Money
from tests.ledger.books import (
    BOOK,
    CASH,
    NOW,
    SALES,
    close_alone,
    draft,
    eur,
    holdings,
    open_test_book,
    post,
    sale,
    written,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def test_a_transaction_moves_both_accounts() -> None:
    # When
    (posted,) = post(sale("r-1", 6028))
    # Then
    assert (posted.reference, posted.replayed) == ("r-1", False)
    assert holdings() == {CASH: (6028, 0, 1), SALES: (0, 6028, 1)}
    assert queries.balance(book=BOOK, account=SALES, currency="EUR").balance == eur(6028)
    rows = Entry.objects.order_by("pk").values_list("direction", "amount_minor", "balance_after_minor")
    assert list(rows) == [("D", 6028, 6028), ("C", 6028, 6028)]


def test_running_balances_follow_the_entries_within_one_transaction() -> None:
    # When an account stands in a transaction three times
    post(draft("r", debit(CASH, eur(100)), credit(SALES, eur(130)), debit(CASH, eur(50)), credit(CASH, eur(20))))
    # Then
    rows = Entry.objects.filter(account__code=CASH).order_by("pk")
    assert [(row.account_version, row.balance_after_minor) for row in rows] == [(1, 100), (2, 150), (3, 130)]


def test_the_same_reference_again_returns_the_first_result() -> None:
    # Given
    (first,) = post(sale("r-1"))
    # When
    (second,) = post(sale("r-1"))
    # Then
    assert (second.id, second.public_id, second.replayed) == (first.id, first.public_id, True)
    assert written() == (1, 2)
    assert holdings() == {CASH: (100, 0, 1), SALES: (0, 100, 1)}


def test_the_same_reference_with_other_contents_is_refused() -> None:
    # Given
    post(sale("r-1", 100))
    # When
    with pytest.raises(ReferenceConflict) as refusal:
        post(sale("r-1", 101))
    # Then
    assert refusal.value.code == "reference_conflict"
    assert holdings() == {CASH: (100, 0, 1), SALES: (0, 100, 1)}


def test_a_reference_belongs_to_its_book() -> None:
    # Given
    post(sale("r-1", 100))
    # When
    with pytest.raises(LedgerNotFound), transaction():
        journal.post(book="elsewhere", drafts=sale("r-1", 100))
    # Then
    assert written() == (1, 2)


def test_a_batch_is_posted_whole_in_the_order_given() -> None:
    # When
    posted = post(*(sale(f"r-{number}", number) for number in range(1, 101)))
    # Then
    assert [row.reference for row in posted] == [f"r-{number}" for number in range(1, 101)]
    assert not any(row.replayed for row in posted)
    assert holdings() == {CASH: (5050, 0, 100), SALES: (0, 5050, 100)}
    after = Entry.objects.filter(account__code=CASH).order_by("account_version")
    assert after[99].balance_after_minor == 5050


def test_a_batch_with_one_refusal_posts_nothing() -> None:
    # When
    with pytest.raises(UnknownAccount):
        post(sale("r-1"), draft("r-2", debit("assets:nowhere", eur(1)), credit(SALES, eur(1))), sale("r-3"))
    # Then
    assert written() == (0, 0)
    assert holdings() == {}


def test_a_batch_replays_what_it_knows_and_posts_the_rest() -> None:
    # Given
    (known,) = post(sale("r-2", 2))
    # When the batch also names one reference twice
    posted = post(sale("r-1", 1), sale("r-2", 2), sale("r-3", 3), sale("r-3", 3))
    # Then
    assert [row.replayed for row in posted] == [False, True, False, True]
    assert (posted[1].id, posted[3].id) == (known.id, posted[2].id)
    assert holdings() == {CASH: (6, 0, 3), SALES: (0, 6, 3)}


def test_a_batch_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ReferenceConflict):
        post(sale("r-1", 1), sale("r-1", 2))
    assert written() == (0, 0)


def test_an_account_takes_its_own_currency_only() -> None:
    gbp = Money(1, "GBP")
    with pytest.raises(WrongCurrency) as refusal:
        post(draft("r", debit(CASH, gbp), credit(SALES, gbp)))
    assert refusal.value.code == "wrong_currency"
    assert written() == (0, 0)


def test_an_account_that_nobody_opened_is_unknown() -> None:
    with pytest.raises(UnknownAccount) as refusal:
        post(draft("r", debit("assets:nowhere", eur(1)), credit(SALES, eur(1))))
    assert refusal.value.code == "unknown_account"


def test_a_closed_account_takes_nothing_and_keeps_its_history() -> None:
    # Given
    post(sale("r-1"))
    close_alone(book=BOOK, code=CASH, currency="EUR", now=NOW)
    # When
    with pytest.raises(AccountClosed):
        post(sale("r-2"))
    # Then
    assert holdings() == {CASH: (100, 0, 1), SALES: (0, 100, 1)}
    # And a replay is not a new entry
    assert post(sale("r-1"))[0].replayed


def test_closing_what_is_not_there_is_refused() -> None:
    with pytest.raises(LedgerNotFound):
        close_alone(book=BOOK, code="assets:nowhere", currency="EUR", now=NOW)


def test_a_sum_beyond_bigint_is_refused() -> None:
    post(sale("r-1", MAX_MINOR))
    with pytest.raises(PostingRefused) as refusal:
        post(sale("r-2", 1))
    assert refusal.value.code == "amount_out_of_range"
    assert written() == (1, 2)


def test_one_posting_is_one_statement(django_assert_num_queries: object) -> None:
    with transaction(), django_assert_num_queries(1):  # type: ignore[operator]  # a fixture without a type
        journal.post(book=BOOK, drafts=[sale("r-1"), sale("r-2")])


def test_an_insert_that_does_not_balance_is_refused_whoever_writes_it() -> None:
    # Given the owner of the tables, past all Python, and two entries of which each alone would pass
    assert _refused((1, 5, "D", "P"), (1, 6, "C", "P")) == "ledger_entries_sum_to_zero"
    # Then not across currencies, transactions or statuses either
    assert _refused((1, 5, "D", "P"), (2, 5, "C", "P")) == "ledger_entries_sum_to_zero"
    assert _refused((1, 5, "D", "H"), (1, 5, "C", "R")) == "ledger_entries_sum_to_zero"
    assert _refused((1, 5, "D", "P"), (1, 5, "C", "P", "USD")) == "ledger_entries_sum_to_zero"
    assert _refused((1, 5, "D", "P"), (1, 5, "D", "P")) == "ledger_entries_sum_to_zero"


@pytest.mark.parametrize("odd", [(1, 0, "D", "P"), (1, -5, "D", "P"), (1, 5, "X", "P"), (1, 5, "D", "X")])
def test_an_entry_that_is_none_is_refused_whoever_writes_it(odd: tuple[int, int, str, str]) -> None:
    assert _refused(odd, (1, odd[1], "C", "P")) == "ledger_entry_valid"


def _refused(*entries: tuple[Any, ...]) -> str | None:
    """Insert (transaction, amount, direction, status, currency) as the owner; return the constraint that refuses."""
    rows = [
        (row[0] * 1024 + place, row[1], 0, place, 1, 0, row[4] if len(row) > 4 else "EUR", row[2], row[3])
        for place, row in enumerate(entries, start=1)
    ]
    places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(rows))
    with pytest.raises(IntegrityError) as refusal, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (id, amount_minor, balance_after_minor, account_version, account_id, stripe,"
            f" currency, direction, status) VALUES {places}",
            [value for row in rows for value in row],
        )
    return getattr(getattr(refusal.value.__cause__, "diag", None), "constraint_name", None)
