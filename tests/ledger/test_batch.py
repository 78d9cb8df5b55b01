"""Batches item by item, and previews: exactly what posting would do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from ledger import journal, queries
from ledger.accounts import set_limits
from ledger.close_period import close_period
from ledger.drafts import HoldTerms, Resolves, TransactionDraft, credit, debit
from ledger.errors import LedgerNotFound, UnknownAccount
from ledger.journal import PostedTransaction, RefusedTransaction
from ledger.models import Hold, LateTransaction
from ledger.preview import preview
from ledger.verify import checks
from tests.ledger.books import BOOK, CASH, FEES, NOW, SALES, draft, eur, holdings, open_test_book, post, sale, written

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def post_each(*drafts: TransactionDraft) -> list[str]:
    """Return per draft: posted, replayed, or the code of the refusal."""
    with transaction():
        results = journal.post_each(book=BOOK, drafts=drafts)
    assert [check for check in checks(now=NOW) if not check.passed] == []
    return [outcome(result) for result in results]


def outcome(result: PostedTransaction | RefusedTransaction) -> str:
    if isinstance(result, RefusedTransaction):
        return result.refusal.code
    return "replayed" if result.replayed else "posted"


def spend(reference: str, amount_minor: int) -> TransactionDraft:
    return draft(reference, debit(FEES, eur(amount_minor)), credit(CASH, eur(amount_minor)))


def nowhere(reference: str) -> TransactionDraft:
    return draft(reference, debit("assets:nowhere", eur(1)), credit(SALES, eur(1)))


def test_each_item_has_a_result_of_its_own() -> None:
    # Given
    post(sale("known", 7), sale("taken", 1))
    # When
    results = post_each(
        sale("r-1", 10), nowhere("r-2"), sale("known", 7), sale("taken", 2), sale("r-3", 20), sale("r-1", 10)
    )
    # Then
    assert results == ["posted", "unknown_account", "replayed", "reference_conflict", "posted", "replayed"]
    assert holdings() == {CASH: (38, 0, 4), SALES: (0, 38, 4)}


def test_items_are_judged_in_their_order() -> None:
    # Given an account that may not go below zero
    with transaction():
        set_limits(book=BOOK, code=CASH, currency="EUR", floor_minor=0)
    # When
    results = post_each(spend("r-1", 5), sale("r-2", 10), spend("r-3", 8), spend("r-4", 3), spend("r-5", 2))
    # Then
    assert results == ["limit_exceeded", "posted", "posted", "limit_exceeded", "posted"]
    assert queries.balance(book=BOOK, account=CASH, currency="EUR").balance == eur(0)


def test_a_floor_holds_after_every_transaction_of_a_batch() -> None:
    # Given
    with transaction():
        set_limits(book=BOOK, code=CASH, currency="EUR", floor_minor=0)
    # When the sum is well but the order is not
    assert post_each(spend("r-1", 5), sale("r-2", 10)) == ["limit_exceeded", "posted"]
    # Then the other way it passes
    assert post_each(sale("r-3", 5), spend("r-4", 15)) == ["posted", "posted"]


def test_few_refusals_among_many_items_are_found() -> None:
    # When
    results = post_each(*(nowhere(f"r-{n}") if n in {0, 333, 999} else sale(f"r-{n}", 1) for n in range(1000)))
    # Then
    assert [n for n, result in enumerate(results) if result != "posted"] == [0, 333, 999]
    assert written() == (997, 1994)


def test_a_late_item_moves_or_is_refused_by_its_own_wish() -> None:
    # Given
    close_period(book=BOOK, open_from=NOW + timedelta(days=1))
    staying = replace(sale("r-2"), move_late=False, effective_at=NOW + timedelta(days=2))
    # When, Then
    assert post_each(sale("r-1"), staying, replace(sale("r-3"), move_late=False)) == [
        "posted",
        "posted",
        "period_closed",
    ]
    with transaction():
        journal.post(book=BOOK, drafts=[sale("r-4"), replace(staying, reference="r-5")])
    assert LateTransaction.objects.count() == 2


def test_the_refusal_of_an_item_does_not_show_our_rows() -> None:
    # Given
    post(sale("r-1", 100))
    lines = (credit(CASH, eur(101)), debit(SALES, eur(101)))
    # When more is reversed than was posted
    with transaction():
        (result,) = journal.post_each(
            book=BOOK, drafts=[TransactionDraft("b", "test", lines, NOW, link=Resolves("r-1", "reverse", final=False))]
        )
    # Then
    assert isinstance(result, RefusedTransaction)
    assert str(result.refusal) == "remainder_exceeded: More than is left of the transaction."


def test_an_item_may_be_a_hold() -> None:
    entries = (debit(CASH, eur(9), "pending"), credit(SALES, eur(9), "pending"))
    hold = TransactionDraft("h", "hold", entries, NOW, link=HoldTerms())
    assert post_each(nowhere("r-1"), sale("r-2"), hold) == ["unknown_account", "posted", "posted"]
    assert Hold.objects.count() == 1


def test_a_batch_for_no_book_is_refused_item_by_item() -> None:
    with transaction():
        results = journal.post_each(book="nowhere", drafts=[sale("r-1"), sale("r-2")])
    assert [outcome(result) for result in results] == ["book_not_found", "book_not_found"]


def test_a_preview_shows_the_balances_and_posts_nothing() -> None:
    # Given
    post(sale("r-1", 100))
    before = (written(), holdings())
    # When
    shown = preview(book=BOOK, drafts=[sale("r-1", 100), sale("r-2", 50), spend("r-3", 30)])
    # Then
    assert [outcome(result) for result in shown.results] == ["replayed", "posted", "posted"]
    assert {row.code: row.balance for row in shown.balances} == {CASH: eur(120), SALES: eur(150), FEES: eur(30)}
    assert (written(), holdings()) == before
    # And the references are still to be had
    post(sale("r-2", 51))


def test_a_preview_is_refused_as_posting_would_be() -> None:
    with pytest.raises(UnknownAccount):
        preview(book=BOOK, drafts=[sale("r-1"), nowhere("r-2")])
    shown = preview(book=BOOK, drafts=[sale("r-1"), nowhere("r-2")], each=True)
    assert [outcome(result) for result in shown.results] == ["posted", "unknown_account"]
    with pytest.raises(LedgerNotFound):
        preview(book="nowhere", drafts=[sale("r-1")])
    assert written() == (0, 0)
