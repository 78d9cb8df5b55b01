"""What a PSP settles of a payment and of its breaks' refunds is held against what the books have of both."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings

from ledger.money import Money
from payments.find_missing_lines import find_missing_lines
from payments.models import Break, BreakRefund, Payout, SettlementLine
from payments.payout_proof import Proof, payout_proof
from payments.psp.outcomes import Approved, RefundFailed, RefundSucceeded
from payments.psp.settlement import SettlementLine as ToldLine
from payments.settle_line import settle_due_lines
from payments.states import LineKind
from payments.verify import checks
from tests.factories import NOW
from tests.payments.findings import balances
from tests.payments.holding import assert_in_order, begin, news
from tests.payments.settling import read, settled, told
from tests.payments.taking import give_back
from tests.payments.test_break_refunds import pay_back, says

pytestmark = pytest.mark.django_db(transaction=True)

K = LineKind
BACK = told(K.REFUND, -5, psp_reference="re_9")
PAYOUT = told(K.PAYOUT, -900, occurred_at=NOW + timedelta(days=1))
PAID = RefundSucceeded("re_9", Money(5, "EUR"))
LATER = NOW + timedelta(days=6)


def took(minor: int) -> Approved:
    return Approved("pi_1", captured=True, money=Money(minor, "EUR"))


def paid_back() -> UUID:
    """Have a payment of 12.90 of which the PSP took 5 more, and paid them back."""
    attempt = begin(captures_at_once=True)
    for minor in (1290, 1295):
        news(attempt, took(minor))
    pay_back(Break.objects.get())
    says(PAID)
    return attempt


def settle(way: str, *lines: ToldLine) -> list[str]:
    if way == "together":
        rows = read(*lines)
        settle_due_lines(limit=9, now=NOW)
        return [SettlementLine.objects.get(pk=row.pk).state for row in rows]
    return settled(*lines)


def proof() -> Proof:
    found = payout_proof(payout=Payout.objects.get())
    assert found is not None
    return found


def named(name: str, *, now: datetime) -> str:
    """Return what a check of verify names."""
    (found,) = (check for check in checks(now=now) if name in check.name)
    return found.detail.removeprefix("1 wrong: ")


def open_findings() -> Iterator[tuple[str, int, bool]]:
    for held in Break.objects.filter(state="open"):
        yield held.subject, held.amount_minor, held.received


@pytest.mark.parametrize("way", ["together", "each"])
def test_a_settlement_that_denies_what_was_paid_back_is_in_question(way: str) -> None:
    # Given 5 too much that were paid back, of a payment that the PSP then settles without them
    paid_back()
    assert settle(way, told(K.CHARGE, 1290), BACK, PAYOUT) == ["amount_mismatch", "matched", "matched"]
    # Then the PSP owes 5 less than it said
    assert list(open_findings()) == [("line:txn_charge", 5, False)]
    assert balances() == (1290 - 5 - 900, 5)
    assert "breaks held EUR 0.05 beside it" in Break.objects.get(state="open").detail
    assert_in_order()
    shown = proof()
    assert ([each.money.amount_minor for each in shown.breaks], shown.is_proved) == ([5, -5], True)


@pytest.mark.parametrize("way", ["together", "each"])
def test_a_settlement_of_all_that_was_taken_confirms_what_was_paid_back(way: str) -> None:
    paid_back()
    assert settle(way, told(K.CHARGE, 1295), BACK, PAYOUT) == ["amount_mismatch", "matched", "matched"]
    assert SettlementLine.objects.get(kind="charge").finding == Break.objects.get()
    assert (list(open_findings()), balances()) == ([], (1290 - 900, 0))
    assert proof().is_proved
    assert named("what was paid back of breaks", now=LATER) == ""


def test_a_proof_names_all_that_breaks_held_of_a_charge() -> None:
    news(paid_back(), took(1297))
    assert settled(told(K.CHARGE, 1297), BACK, PAYOUT) == ["amount_mismatch", "matched", "matched"]
    shown = proof()
    assert [each.money.amount_minor for each in shown.breaks] == [5, 2]
    assert (shown.difference.amount_minor, shown.is_proved) == (7, True)
    assert_in_order()


def test_verify_names_what_was_paid_back_though_the_settlement_had_not_had_it() -> None:
    # Given a refund under way, when the payment is settled without what it is of
    attempt = begin(captures_at_once=True)
    for minor in (1290, 1295):
        news(attempt, took(minor))
    pay_back(Break.objects.get())
    assert settled(told(K.CHARGE, 1290)) == ["matched"]
    # When it is paid all the same
    says(PAID)
    assert settled(BACK) == ["matched"]
    # Then
    assert named("what was paid back of breaks", now=NOW + timedelta(hours=23)) == ""
    assert named("what was paid back of breaks", now=LATER) == BreakRefund.objects.get().public_id


def test_the_line_of_a_breaks_refund_is_not_that_of_a_buyers_refund() -> None:
    # Given both, of one payment, and a settlement that is read and tells of one
    paid_back()
    ours = give_back()
    age = timedelta(days=settings.SETTLEMENT_MISSING_DAYS)
    settled(told(K.CHARGE, 1295), BACK, told(K.FEE, 0, fee=1, occurred_at=NOW + age))
    # Then the other one is missing
    assert find_missing_lines(limit=9, now=NOW + 2 * age) == 1
    assert list(open_findings()) == [(f"refund:{ours.public_id}", 290, True)]


def test_a_breaks_refund_that_is_never_settled_is_missing_until_its_line_comes() -> None:
    paid_back()
    age = timedelta(days=settings.SETTLEMENT_MISSING_DAYS)
    settled(told(K.CHARGE, 1295), told(K.FEE, 0, fee=1, occurred_at=NOW + age))
    of = BreakRefund.objects.get().public_id
    assert [find_missing_lines(limit=9, now=NOW + 2 * age) for _ in range(2)] == [1, 0]
    assert list(open_findings()) == [(f"refund:{of}", 5, True)]
    assert Break.objects.get(state="open").psp_reference == "pi_1"
    assert settled(BACK) == ["matched"]
    assert find_missing_lines(limit=9, now=NOW + 2 * age) == 0
    assert list(open_findings()) == []


def test_verify_names_a_breaks_refund_that_failed_and_did_not_come_back_in_the_settlement() -> None:
    paid_back()
    settled(told(K.CHARGE, 1295), BACK)
    says(RefundFailed("re_9", reason="lost_or_stolen_card"))
    assert named("came back in the settlement", now=NOW) == ""
    assert named("came back in the settlement", now=LATER) == BreakRefund.objects.get().public_id
    settled(told(K.REFUND_FAILURE, 5, psp_reference="re_9"))
    assert named("came back in the settlement", now=LATER) == ""


@pytest.mark.parametrize("way", ["together", "each"])
def test_the_line_of_a_second_payment_under_an_attempt_is_not_that_of_the_first(way: str) -> None:
    # Given a payment whose own line is not read yet
    attempt = begin(captures_at_once=True)
    news(attempt, took(1290))
    # When another one of the same sum is settled under its attempt
    second = told(K.CHARGE, 1290, line_id="2", psp_reference="ch_2", payment_reference="pi_2", our_id=attempt)
    assert settle(way, second) == ["matched"]
    # Then it is surplus, and the first one's line finds its own capture
    of = SettlementLine.objects.get(line_id="2").capture
    assert of is not None
    assert (of.attempt.psp_reference, of.attempt.state) == ("pi_2", "surplus")
    assert settle(way, told(K.CHARGE, 1290)) == ["matched"]
    assert balances() == (2 * 1290, 0)
    assert_in_order()
