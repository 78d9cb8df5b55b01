"""Lines that are settled together end as each by itself would; what a settlement does not tell is found by its age."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django_subatomic.db import transaction

from ledger.accounts import close_account
from ledger.money import Money
from payments.chart import ensure_settlement_chart
from payments.find_missing_lines import find_missing_lines
from payments.models import Break, SettlementLine
from payments.psp.outcomes import Approved
from payments.psp.settlement import SettlementLine as ToldLine
from payments.settle_line import settle_due_lines, settle_line
from payments.settle_lines_together import settle_lines_together
from payments.states import LineKind
from payments.tasks import find_missing
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.holding import assert_in_order, news
from tests.payments.settling import balances, breaks, read, told
from tests.payments.taking import give_back, refund, take
from tests.tables import empty_tables

pytestmark = pytest.mark.django_db(transaction=True)

K = LineKind


@pytest.fixture
def paid() -> UUID:
    return pay()


def pay() -> UUID:
    """Have a payment of 12.90 of which 2.90 went back."""
    attempt = take()
    give_back()
    return attempt


CHARGE, REFUND = told(K.CHARGE, 1290, fee=43), told(K.REFUND, -290)
UNKNOWN: dict[str, Any] = {"psp_reference": "x", "payment_reference": "x"}
KINDS: dict[str, list[ToldLine]] = {
    "what we know": [CHARGE, REFUND, told(K.FEE, 0, fee=7)],
    "twice": [CHARGE, told(K.CHARGE, 1290, fee=43, line_id="2"), REFUND, told(K.REFUND, -290, line_id="3")],
    "unknown": [told(K.CHARGE, 500, fee=9, **UNKNOWN), told(K.REFUND, -5, line_id="2", **UNKNOWN)],
    "another currency": [told(K.CHARGE, 1290, fee=9, currency="USD"), told(K.REFUND, -290, currency="USD")],
    "another sum": [told(K.CHARGE, 1291, fee=9), told(K.REFUND, -291), told(K.REFUND, -292, line_id="2")],
    "another sum, twice": [told(K.CHARGE, 1291, fee=9), told(K.CHARGE, 1292, fee=9, line_id="2")],
    "nothing": [told(K.OTHER, 0), told(K.OTHER, 7, line_id="2")],
    "fees that come back": [told(K.CHARGE, 1290, fee=-5), told(K.FEE, 0, fee=-7)],
}


def ends() -> object:
    """Return all that settling leaves, but for ids."""
    lines = SettlementLine.objects.order_by("line_id")
    fields = (
        "line_id",
        "state",
        "detail",
        "book",
        "booked_fee_minor",
        "capture__number",
        "refund__amount_minor",
        "finding__subject",
    )
    of = ("subject", "kind", "attempt__intent__order_reference", "psp_reference", "history__what", "history__by")
    found = list(Break.objects.order_by("subject").values_list(*of))
    rows = [[_plain(value) for value in row] for row in lines.values_list(*fields)]
    return rows, found, sorted(breaks()), balances(), balances("USD")


def _plain(value: object) -> object:
    """Return a sentence without ids, which differ."""
    return re.sub(r"(cap|re)_\w{20,}", "?", value) if isinstance(value, str) else value


@pytest.mark.parametrize("lines", KINDS.values(), ids=KINDS)
def test_lines_end_together_as_each_by_itself(lines: list[ToldLine]) -> None:
    # Given what comes of them one by one
    pay()
    for row in read(*lines):
        settle_line(line_pk=row.pk, now=NOW)
    by_themselves = ends()
    # When they are settled together
    empty_tables()
    pay()
    read(*lines)
    settle_due_lines(limit=9, now=NOW)
    # Then
    assert ends() == by_themselves
    assert_in_order()


def test_all_lines_that_are_plain_are_settled_in_one_commit(paid: UUID) -> None:
    read(*KINDS["twice"], told(K.CHARGE, 500, line_id="4", **UNKNOWN))
    settled = settle_lines_together(limit=9, now=NOW)
    assert (dict(settled.by_state), settled.left) == ({"matched": 2, "duplicate": 2, "missing_internal": 1}, [])
    assert_in_order()


def test_a_payment_that_is_settled_as_another_sum_is_settled_together_with_what_is_plain(paid: UUID) -> None:
    read(told(K.CHARGE, 1291, fee=43), REFUND)
    settled = settle_lines_together(limit=9, now=NOW)
    assert (dict(settled.by_state), settled.left) == ({"matched": 1, "amount_mismatch": 1}, [])
    assert breaks() == [("amount_mismatch", "open", 1, True, True)]
    assert balances() == {"receivable": 958, "fees": 43, "orders": 1000, "suspense": -1}
    assert_in_order()


def test_a_payment_that_has_a_break_already_is_looked_at_by_itself_and_has_no_second_one(paid: UUID) -> None:
    news(paid, Approved("pi_1", captured=True, money=Money(1291, "EUR")))
    read(told(K.CHARGE, 1291, fee=43))
    assert len(settle_lines_together(limit=9, now=NOW).left) == 1
    settle_due_lines(limit=9, now=NOW)
    assert breaks() == [("amount_mismatch", "open", 1, True, True)]
    assert_in_order()


def test_two_psp_accounts_may_call_a_line_the_same(paid: UUID) -> None:
    read(told(K.CHARGE, 500, **UNKNOWN))
    read(told(K.CHARGE, 700, **UNKNOWN), account="second")
    assert settle_lines_together(limit=9, now=NOW).left == []
    found = SettlementLine.objects.order_by("pk").values_list("gross_minor", "finding__amount_minor")
    assert list(found) == [(500, 500), (700, 700)]


def test_a_line_that_may_be_of_an_attempt_without_a_name_is_left(paid: UUID) -> None:
    refund(100)
    read(told(K.REFUND, -100, psp_reference="re_2"))
    assert len(settle_lines_together(limit=9, now=NOW).left) == 1
    assert Break.objects.count() == 0


def test_where_the_books_take_one_of_them_not_all_are_left(paid: UUID) -> None:
    with transaction():
        ensure_settlement_chart(book="shop", psp="stripe", currency="EUR")
        close_account(book="shop", code="expenses:psp_fees:stripe", currency="EUR", now=NOW)
    read(CHARGE, REFUND)
    settled = settle_lines_together(limit=9, now=NOW)
    assert (dict(settled.by_state), len(settled.left)) == ({}, 2)
    assert SettlementLine.objects.filter(state="new").count() == 2


def test_many_who_settle_the_same_lines_book_each_fee_once(paid: UUID) -> None:
    read(*KINDS["what we know"])
    crowd(6, lambda _: settle_due_lines(limit=2, now=NOW).more)
    assert balances() == {"receivable": 950, "fees": 50, "orders": 1000}
    assert_in_order()


def test_what_is_in_no_line_has_a_break_until_it_is(paid: UUID) -> None:
    # Given a settlement that is read to a week later
    late = NOW + timedelta(days=7)
    read(told(K.FEE, 0, fee=1, occurred_at=late))
    settle_due_lines(limit=9, now=NOW)
    assert find_missing_lines(limit=9, now=late - timedelta(hours=1)) == 0
    # When
    assert find_missing_lines(limit=9, now=late) == 2
    assert find_missing_lines(limit=9, now=late) == 0
    # Then
    assert breaks() == [
        ("missing_external", "open", 1290, False, False),
        ("missing_external", "open", 290, True, False),
    ]
    assert balances()["receivable"] == 999
    # And when its line comes
    read(CHARGE)
    settle_due_lines(limit=9, now=late)
    find_missing()
    assert [row[:3] for row in breaks()] == [("missing_external", "resolved", 1290), ("missing_external", "open", 290)]
    assert Break.objects.order_by("pk")[0].resolution == "superseded"


def test_what_a_settlement_cannot_tell_yet_is_not_missing(paid: UUID) -> None:
    late = NOW + timedelta(days=30)
    assert find_missing_lines(limit=9, now=late) == 0
    # A line about the payment that does not fit has a break already
    read(told(K.FEE, 0, fee=1, occurred_at=late), told(K.CHARGE, 1290, currency="USD"), REFUND)
    settle_due_lines(limit=9, now=NOW)
    assert find_missing_lines(limit=9, now=late) == 0
