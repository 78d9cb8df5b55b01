"""Many posters at once."""

import pytest
from django_subatomic.db import transaction

from ledger import journal
from ledger.drafts import credit, debit
from ledger.errors import AccountClosed, ReferenceConflict
from ledger.journal import PostedTransaction
from ledger.models import Entry
from ledger.verify import checks
from tests.concurrency.crowd import crowd
from tests.ledger.books import (
    BOOK,
    CASH,
    FEES,
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

ROUNDS = 10


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def _assert_sound() -> None:
    assert [check for check in checks(now=NOW) if not check.passed] == []


def test_twenty_posters_of_one_reference_post_it_once() -> None:
    # When
    results = crowd(20, lambda _: post(sale("same"))[0])
    # Then
    posted = [result for result in results if isinstance(result, PostedTransaction)]
    assert len(posted) == 20
    assert [result.replayed for result in posted].count(False) == 1
    assert len({result.id for result in posted}) == 1
    assert holdings() == {CASH: (100, 0, 1), SALES: (0, 100, 1)}


def test_of_two_contents_for_one_reference_one_is_posted() -> None:
    # When
    results = crowd(20, lambda number: post(sale("same", 100 + number % 2))[0].replayed)
    # Then
    assert written() == (1, 2)
    assert sum(isinstance(result, ReferenceConflict) for result in results) == 10
    assert results.count(False) == 1


def test_overlapping_accounts_in_opposite_order_do_not_deadlock() -> None:
    # Given entries, and batches, that name the same accounts and references in every order
    accounts = (CASH, SALES, FEES)

    def many(number: int) -> None:
        for turn in range(ROUNDS):
            one, two, three = (accounts[(number + turn + step) % 3] for step in range(3))
            batch = [
                draft(f"{number}-{turn}-a", debit(one, eur(5)), credit(two, eur(5))),
                draft(f"{number}-{turn}-b", debit(three, eur(7)), credit(one, eur(7))),
                draft(f"shared-{turn}", debit(CASH, eur(1)), credit(SALES, eur(1))),
            ]
            post(*(batch if number % 2 else reversed(batch)))

    # When
    results = crowd(16, many)
    # Then
    assert results == [None] * 16
    assert written() == (16 * ROUNDS * 2 + ROUNDS, 2 * (16 * ROUNDS * 2 + ROUNDS))
    _assert_sound()


def test_no_entry_slips_past_the_closing_of_an_account() -> None:
    # When half post and one closes
    def act(number: int) -> None:
        if number == 0:
            close_alone(book=BOOK, code=CASH, currency="EUR", now=NOW)
        else:
            post(sale(f"r-{number}"))

    results = crowd(16, act)
    # Then whoever was refused left nothing, and nobody posted after the mark
    refused = sum(isinstance(result, AccountClosed) for result in results)
    assert results.count(None) + refused == 16
    assert written()[0] == 15 - refused
    with pytest.raises(AccountClosed):
        post(sale("after"))
    _assert_sound()


def test_a_poster_that_fails_later_leaves_nothing() -> None:
    # When
    def fails() -> None:
        with transaction():
            journal.post(book=BOOK, drafts=sale("r-1"))
            raise RuntimeError("after the posting")

    with pytest.raises(RuntimeError):
        fails()
    # Then
    assert written() == (0, 0)
    assert not Entry.objects.exists()
    assert not post(sale("r-1"))[0].replayed
