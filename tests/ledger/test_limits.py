"""Floors and ceilings, stripes, closed periods: what an account and a book take."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import IntegrityError, connection
from django_subatomic.db import transaction

from ledger import journal, queries
from ledger.accounts import AccountSpec, ensure_accounts, raise_stripes, set_limits
from ledger.close_period import close_period
from ledger.drafts import HoldTerms, TransactionDraft, credit, debit
from ledger.errors import LedgerNotFound, LimitExceeded, PeriodClosed, PostingRefused
from ledger.models import Balance, Book, LateTransaction, Transaction
from ledger.verify import checks
from tests.ledger.books import BOOK, CASH, NOW, SALES, close_alone, eur, holdings, open_test_book, post, sale, written

pytestmark = pytest.mark.django_db(transaction=True)

WALLET = "liabilities:wallet"


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def open_wallet(ceiling_minor: int | None = None) -> None:
    with transaction():
        ensure_accounts(book=BOOK, accounts=[AccountSpec(WALLET, "EUR", "liability", "credit", None, ceiling_minor)])


def limit(code: str = CASH, **limits: int) -> None:
    with transaction():
        set_limits(book=BOOK, code=code, currency="EUR", **limits)


def move(reference: str, into: str, out_of: str, amount_minor: int, *, pending: bool = False) -> None:
    status, link = ("pending", HoldTerms()) if pending else ("posted", None)
    entries = (debit(into, eur(amount_minor), status), credit(out_of, eur(amount_minor), status))  # type: ignore[arg-type]
    post(TransactionDraft(reference, "test", entries, NOW, link=link))


def balance(code: str) -> int:
    assert [check for check in checks(now=NOW) if not check.passed] == []
    return queries.balance(book=BOOK, account=code, currency="EUR").balance.amount_minor


def test_an_account_stays_above_its_floor_on_either_normal_side() -> None:
    # Given
    open_wallet()
    move("in-1", CASH, WALLET, 100)
    limit(CASH, floor_minor=20)
    limit(WALLET, floor_minor=30)
    # When both would go to 10
    for _ in range(2):
        with pytest.raises(LimitExceeded) as refusal:
            move("out-1", WALLET, CASH, 75)
        assert refusal.value.code == "limit_exceeded"
    # Then
    assert (balance(CASH), balance(WALLET)) == (100, 100)
    move("out-2", WALLET, CASH, 70)
    assert (balance(CASH), balance(WALLET)) == (30, 30)


def test_an_account_stays_below_its_ceiling_on_either_normal_side() -> None:
    open_wallet(ceiling_minor=50)
    with pytest.raises(LimitExceeded):
        move("in-1", CASH, WALLET, 51)
    move("in-2", CASH, WALLET, 50)
    limit(WALLET)
    limit(CASH, ceiling_minor=60)
    with pytest.raises(LimitExceeded):
        move("in-3", CASH, WALLET, 11)
    assert (balance(CASH), balance(WALLET)) == (50, 50)


def test_pending_amounts_count_against_a_limit_and_never_for_it() -> None:
    # Given
    move("in-1", CASH, SALES, 100)
    limit(CASH, floor_minor=0)
    move("hold-1", SALES, CASH, 60, pending=True)
    move("hold-2", CASH, SALES, 500, pending=True)
    # When
    with pytest.raises(LimitExceeded):
        move("out-1", SALES, CASH, 41)
    with pytest.raises(LimitExceeded):
        move("hold-3", SALES, CASH, 41, pending=True)
    # Then
    assert queries.balance(book=BOOK, account=CASH, currency="EUR").available == eur(40)
    move("out-2", SALES, CASH, 40)
    assert balance(CASH) == 60


def test_the_balance_row_itself_refuses_a_balance_past_its_limit() -> None:
    # Given the owner of the tables, past the functions
    limit(CASH, floor_minor=0, ceiling_minor=10)
    for change in ("net_low_minor = -1", "net_high_minor = 11"):
        with pytest.raises(IntegrityError, match="ledger_balance_within_limits"), connection.cursor() as cursor:
            cursor.execute(f"UPDATE ledger_balance SET {change} WHERE code = %s AND currency = 'EUR'", [CASH])


def test_a_limit_that_the_balance_is_past_already_is_refused() -> None:
    move("in-1", CASH, SALES, 100)
    with pytest.raises(LimitExceeded):
        limit(CASH, ceiling_minor=99)
    with pytest.raises(LedgerNotFound):
        limit("assets:nowhere", floor_minor=0)


def test_a_striped_account_sums_its_rows_and_can_get_more_of_them() -> None:
    # Given
    post(sale("r-1", 10))
    # When
    for stripes in (4, 8):
        with transaction():
            raise_stripes(book=BOOK, code=CASH, currency="EUR", stripes=stripes)
        post(sale(f"r-{stripes}", 10))
    # Then
    assert balance(CASH) == 30
    assert Balance.objects.filter(code=CASH, currency="EUR").count() == 8
    assert {row.stripes for row in Balance.objects.filter(code=CASH, currency="EUR")} == {8}
    with pytest.raises(PostingRefused, match="stripes_only_raised"), transaction():
        raise_stripes(book=BOOK, code=CASH, currency="EUR", stripes=4)
    close_alone(book=BOOK, code=CASH, currency="EUR", now=NOW)
    with pytest.raises(PostingRefused, match="account_closed"):
        post(sale("r-9"))


def test_stripes_and_limits_exclude_each_other() -> None:
    limit(CASH, floor_minor=0)
    with pytest.raises(PostingRefused, match="stripes_without_limits"), transaction():
        raise_stripes(book=BOOK, code=CASH, currency="EUR", stripes=2)
    with transaction():
        raise_stripes(book=BOOK, code=SALES, currency="EUR", stripes=2)
    with pytest.raises(PostingRefused, match="stripes_without_limits"):
        limit(SALES, ceiling_minor=5)
    with pytest.raises(PostingRefused, match="stripes_without_limits"), transaction():
        ensure_accounts(book=BOOK, accounts=[AccountSpec("assets:x", "EUR", "asset", "debit", 0, None, 2)])


def test_an_account_with_pending_amounts_stays_open() -> None:
    move("hold-1", CASH, SALES, 5, pending=True)
    with pytest.raises(PostingRefused, match="amounts_pending"):
        close_alone(book=BOOK, code=CASH, currency="EUR", now=NOW)


def test_what_is_dated_in_a_closed_period_counts_from_the_open_one_and_cites_its_date() -> None:
    # Given
    post(sale("r-1"))
    line = NOW + timedelta(days=1)
    close_period(book=BOOK, open_from=line)
    # When
    first = post(sale("r-2"))[0]
    batch = post(sale("r-3"), sale("r-4"))
    # Then
    for posted in (first, *batch):
        assert Transaction.objects.get(pk=posted.id).effective_at == line
        assert LateTransaction.objects.get(pk=posted.id).dated_at == NOW
    assert post(sale("r-2"))[0].replayed
    assert Transaction.objects.get(reference="r-1").effective_at == NOW


def test_a_late_transaction_that_will_not_move_is_refused() -> None:
    # Given
    close_period(book=BOOK, open_from=NOW + timedelta(days=1))
    close_period(book=BOOK, open_from=NOW - timedelta(days=9))
    staying = TransactionDraft("r", "test", (debit(CASH, eur(1)), credit(SALES, eur(1))), NOW, move_late=False)
    # When
    for drafts in ([staying], [staying, sale("r-2")]):
        with pytest.raises(PeriodClosed):
            post(*drafts)
    # Then
    assert (written(), holdings()) == ((0, 0), {})


def test_a_book_that_is_not_there_has_no_period_to_close() -> None:
    with pytest.raises(LedgerNotFound):
        close_period(book="nowhere", open_from=NOW)


def test_closing_waits_for_postings_that_began_before_it() -> None:
    # Given a posting that read the book and is not committed
    posted, go, closed = Event(), Event(), Event()

    def post_slowly() -> None:
        try:
            with transaction():
                journal.post(book=BOOK, drafts=sale("r-1"))
                posted.set()
                go.wait(timeout=30)
        finally:
            connection.close()

    def close() -> None:
        try:
            close_period(book=BOOK, open_from=NOW + timedelta(days=1))
            closed.set()
        finally:
            connection.close()

    poster, closer = Thread(target=post_slowly), Thread(target=close)
    poster.start()
    assert posted.wait(timeout=30)
    # When
    closer.start()
    while Book.objects.get(code=BOOK).open_from is None:
        pass
    # Then
    assert not closed.is_set()
    go.set()
    poster.join()
    closer.join()
    assert closed.is_set()
    assert Transaction.objects.get().effective_at == NOW
