"""Holds end once; transactions are reversed once in full, or in parts that never exceed them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_subatomic.db import transaction

from ledger import queries, resolve
from ledger.drafts import EntryDraft, HoldTerms, TransactionDraft, credit, debit
from ledger.errors import HoldRefused, InvalidDraft, LedgerNotFound, ReferenceConflict, RemainderExceeded
from ledger.journal import PostedTransaction
from ledger.models import Hold, Resolution
from ledger.verify import checks
from tests.ledger.books import BOOK, CASH, NOW, SALES, eur, open_test_book, post, sale, written

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def hold(reference: str = "h", amount_minor: int = 100, *, lasts: timedelta | None = None) -> PostedTransaction:
    expires_at = None if lasts is None else timezone.now() + lasts
    entries = (debit(CASH, eur(amount_minor), "pending"), credit(SALES, eur(amount_minor), "pending"))
    return post(TransactionDraft(reference, "hold", entries, NOW, link=HoldTerms(expires_at)))[0]


def part(amount_minor: int) -> list[EntryDraft]:
    return [debit(CASH, eur(amount_minor)), credit(SALES, eur(amount_minor))]


def settle(reference: str = "s", **more: object) -> PostedTransaction:
    with transaction():
        return resolve.settle(book=BOOK, hold="h", reference=reference, effective_at=NOW, **more)  # type: ignore[arg-type]


def reverse(reference: str = "b", **more: object) -> PostedTransaction:
    with transaction():
        return resolve.reverse(book=BOOK, target="r", reference=reference, effective_at=NOW, **more)  # type: ignore[arg-type]


def void(reference: str = "v") -> PostedTransaction:
    with transaction():
        return resolve.void(book=BOOK, hold="h", reference=reference, effective_at=NOW)


def holdings() -> tuple[int, int]:
    """Return (posted, pending) of the cash account, and find the books sound."""
    assert [check for check in checks(now=NOW) if not check.passed] == []
    row = queries.balance(book=BOOK, account=CASH, currency="EUR")
    assert row.pending_debits_minor == queries.balance(book=BOOK, account=SALES, currency="EUR").pending_credits_minor
    return row.balance.amount_minor, row.pending_debits_minor


def test_a_hold_is_pending_and_not_posted() -> None:
    hold()
    assert holdings() == (0, 100)


def test_a_hold_is_settled_whole() -> None:
    hold()
    settle()
    assert holdings() == (100, 0)
    assert Hold.objects.get().ended_at is not None


def test_a_hold_is_settled_in_part_and_the_rest_is_released() -> None:
    hold()
    settle(entries=part(60))
    assert holdings() == (60, 0)


def test_a_hold_is_settled_in_several_parts_where_asked() -> None:
    hold()
    settle("s-1", entries=part(30), keep_rest=True)
    assert holdings() == (30, 70)
    settle("s-2", entries=part(50), keep_rest=True)
    assert holdings() == (80, 20)
    settle("s-3")
    assert holdings() == (100, 0)


def test_a_hold_of_which_nothing_is_left_has_ended() -> None:
    hold(lasts=timedelta(hours=1))
    settle("s-1", entries=part(30), keep_rest=True)
    assert Hold.objects.get().ended_at is None
    settle("s-2", entries=part(70), keep_rest=True)
    assert holdings() == (100, 0)
    assert Hold.objects.get().ended_at is not None
    with pytest.raises(HoldRefused, match="hold_ended"):
        void()


def test_a_settlement_beyond_what_is_left_is_refused() -> None:
    hold()
    settle("s-1", entries=part(30), keep_rest=True)
    for keep_rest in (True, False):
        with pytest.raises(RemainderExceeded) as refusal:
            settle("s-2", entries=part(71), keep_rest=keep_rest)
        assert refusal.value.code == "remainder_exceeded"
    assert holdings() == (30, 70)


def test_a_settlement_on_accounts_that_the_hold_does_not_name_is_refused() -> None:
    hold()
    with pytest.raises(RemainderExceeded):
        settle(entries=[debit(SALES, eur(10)), credit(CASH, eur(10))])
    assert holdings() == (0, 100)


def test_a_hold_ends_once() -> None:
    hold()
    void()
    assert holdings() == (0, 0)
    with pytest.raises(HoldRefused, match="hold_ended"):
        void("v-2")
    with pytest.raises(HoldRefused, match="hold_ended"):
        settle()
    with pytest.raises(HoldRefused, match="hold_ended"):
        settle("s-2", entries=part(1), keep_rest=True)
    assert holdings() == (0, 0)
    assert Resolution.objects.count() == 1


@pytest.mark.parametrize("lasts", [None, timedelta(hours=1), timedelta(seconds=-1)])
def test_a_hold_is_voided_whether_or_not_it_has_a_time_and_is_past_it(lasts: timedelta | None) -> None:
    hold(lasts=lasts)
    void()
    assert holdings() == (0, 0)


def test_a_hold_that_is_past_its_time_is_not_settled_but_expired() -> None:
    hold(lasts=timedelta(seconds=-1))
    with pytest.raises(HoldRefused) as refusal:
        settle()
    assert refusal.value.code == "hold_expired"
    with transaction():
        resolve.expire(book=BOOK, hold="h", reference="x", effective_at=NOW)
    assert holdings() == (0, 0)


def test_a_hold_that_is_not_due_does_not_expire() -> None:
    hold(lasts=timedelta(hours=1))
    with pytest.raises(HoldRefused) as refusal, transaction():
        resolve.expire(book=BOOK, hold="h", reference="x", effective_at=NOW)
    assert refusal.value.code == "hold_not_due"
    settle()
    assert holdings() == (100, 0)


def test_a_resolution_that_is_repeated_is_replayed() -> None:
    hold()
    first = settle("s-1", entries=part(30), keep_rest=True)
    assert settle("s-1", entries=part(30), keep_rest=True).id == first.id
    second = settle("s-2")
    again = settle("s-2")
    assert (again.id, again.replayed) == (second.id, True)
    assert holdings() == (100, 0)
    with pytest.raises(ReferenceConflict):
        settle("s-1", entries=part(31), keep_rest=True)
    with pytest.raises(ReferenceConflict):
        void("s-2")


def test_a_part_is_not_the_whole_under_the_same_reference() -> None:
    hold()
    settle("s", entries=part(60))
    assert settle("s", entries=part(60)).replayed
    with pytest.raises(ReferenceConflict):
        settle("s")
    assert holdings() == (60, 0)


def test_what_is_not_a_hold_is_not_settled() -> None:
    post(sale("h"))
    with pytest.raises(HoldRefused, match="not_a_hold"):
        settle()
    with pytest.raises(HoldRefused, match="not_a_hold"):
        void()
    with pytest.raises(LedgerNotFound), transaction():
        resolve.void(book=BOOK, hold="nowhere", reference="v", effective_at=NOW)


def test_a_transaction_is_reversed_in_full_once() -> None:
    post(sale("r", 100))
    first = reverse()
    assert holdings() == (0, 0)
    assert reverse().id == first.id
    with pytest.raises(RemainderExceeded) as refusal:
        reverse("b-2")
    assert refusal.value.code in {"nothing_left", "remainder_exceeded"}
    assert holdings() == (0, 0)


def test_a_transaction_is_reversed_in_parts_that_never_exceed_it() -> None:
    post(sale("r", 100))
    reverse("b-1", entries=part(60))
    assert holdings() == (40, 0)
    before = written()
    for refused in ({"entries": part(41)}, {}):
        with pytest.raises(RemainderExceeded) as refusal:
            reverse("b-2", **refused)
        assert refusal.value.code == "remainder_exceeded"
    assert written() == before
    reverse("b-3", entries=part(40))
    assert holdings() == (0, 0)


def test_a_reversal_of_no_entries_reverses_nothing() -> None:
    post(sale("r", 100))
    with pytest.raises(InvalidDraft, match="too_few_entries"):
        reverse(entries=[])
    hold()
    with pytest.raises(RemainderExceeded, match="nothing_left"), transaction():
        resolve.reverse(book=BOOK, target="h", reference="b", effective_at=NOW)
    assert holdings() == (100, 100)


def test_a_hold_is_not_reversed_and_a_reversal_can_be() -> None:
    hold("r")
    with pytest.raises(RemainderExceeded):
        reverse("b", entries=part(1))
    assert holdings() == (0, 100)
    post(sale("r-2", 50))
    with transaction():
        resolve.reverse(book=BOOK, target="r-2", reference="b-2", effective_at=NOW)
        resolve.reverse(book=BOOK, target="b-2", reference="b-3", effective_at=NOW)
    assert holdings() == (50, 100)
