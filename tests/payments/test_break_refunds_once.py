"""Of one payment the PSP pays back at a time what one break holds, and no excess is counted twice."""

from uuid import UUID

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from ledger.accounts import open_book
from ledger.money import Money
from payments.errors import PaymentRefused
from payments.models import Attempt, Break, BreakRefund
from payments.open_break import Finding
from payments.psp.outcomes import Approved, RefundSucceeded
from payments.resolve_break import How, resolve_break
from payments.send_break_refund import send_break_refund
from payments.states import BreakKind, BreakResolution, LineKind
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.findings import balances, found
from tests.payments.holding import EUR, assert_in_order, begin, news
from tests.payments.settling import settled, told
from tests.payments.test_break_refunds import ended, pay_back, refusal, says
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

K, R = LineKind, BreakResolution


@pytest.fixture(autouse=True)
def _shop() -> None:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)


def took(minor: int) -> Approved:
    return Approved("pi_1", captured=True, money=Money(minor, "EUR"))


def paid(*told_later: int) -> UUID:
    """Have a payment of 12.90 of which the PSP later says other sums, one after the other."""
    attempt = begin(captures_at_once=True)
    for minor in (1290, *told_later):
        news(attempt, took(minor))
    return attempt


def held() -> Break:
    """Return the break that is open."""
    return Break.objects.get(state="open")


def lost(about: Break) -> None:
    with transaction():
        resolve_break(break_id=about.public_id, how=How(R.WRITTEN_OFF), reason="Lost.", by="ann", now=NOW)


def two_of_one_payment() -> list[Break]:
    """Have a settlement name a payment that we know nothing of twice."""
    for line_id in ("1", "2"):
        settled(told(K.CHARGE, 500, line_id=line_id, psp_reference="pi_x", payment_reference="pi_x"))
    return list(Break.objects.order_by("pk"))


def test_a_refund_that_nobody_was_asked_for_is_canceled_with_the_break_that_was_replaced(psp: Psp) -> None:
    # Given a break whose refund is not sent yet
    attempt = paid(1295)
    pay_back(held())
    before = psp.requests()
    # When the PSP says another sum, and the sweeper comes to the refund
    news(attempt, took(1297))
    assert refusal(held()) == "refund_under_way"
    refund = BreakRefund.objects.get()
    for _ in range(2):
        send_break_refund(refund_uuid=refund.uuid, now=NOW)
    # Then nobody is asked for it, and the other break can be paid back: 7 in all
    refund.refresh_from_db()
    assert (refund.state, refund.failure_reason, refund.sent_at, refund.checks) == ("canceled", "replaced", None, 0)
    assert psp.requests() == before
    assert balances() == (1297, -7)
    pay_back(held())
    says(RefundSucceeded("re_9", Money(7, "EUR")))
    assert (balances(), ended()) == ((1290, 0), [("resolved", "superseded"), ("resolved", "refunded")])
    assert_in_order()


def test_while_a_payment_is_paid_back_by_one_break_no_other_break_of_it_is(psp: Psp) -> None:
    assert psp.requests() == 0
    one, other = two_of_one_payment()
    pay_back(one)
    assert refusal(other) == "refund_under_way"
    assert BreakRefund.objects.count() == 1
    says(RefundSucceeded("re_9", Money(500, "EUR")))
    pay_back(other)
    assert BreakRefund.objects.count() == 2


def test_of_many_who_pay_back_breaks_of_one_payment_one_does() -> None:
    both = two_of_one_payment()

    def one(number: int) -> bool:
        try:
            pay_back(both[number % 2])
        except PaymentRefused as refused:
            return refused.code != "refund_under_way"
        return True

    assert crowd(6, one).count(True) == 1
    assert BreakRefund.objects.count() == 1


def test_whatever_the_code_does_one_refund_of_a_payment_is_under_way_and_at_its_breaks_psp() -> None:
    one, other = two_of_one_payment()
    pay_back(one)
    of = {"amount_minor": 500, "currency": "EUR", "reason": "x", "asked_by": "ann", "created_at": NOW, "psp": "stripe"}
    for more in ({"psp_account": "main", "payment_reference": "pi_x"}, {"psp_account": "x", "payment_reference": "y"}):
        with pytest.raises(IntegrityError):
            BreakRefund.objects.create(public_id="brf_2", about=other, **of, **more)
    assert BreakRefund.objects.count() == 1


@pytest.mark.parametrize("how", ["refunded", "written off"])
def test_what_was_settled_apart_of_a_payment_is_not_found_again(how: str) -> None:
    # Given 5 too much, which are dealt with
    attempt = paid(1295)
    if how == "refunded":
        pay_back(held())
        says(RefundSucceeded("re_9", Money(5, "EUR")))
    else:
        lost(held())
    settled_minor = balances()[0]
    # When the PSP says that it took 7 too much, or 3
    news(attempt, took(1297))
    assert (held().amount_minor, held().received) == (2, True)
    assert balances() == (settled_minor + 2, -2)
    assert "booked EUR 12.90 and EUR 0.05 apart; the PSP reports EUR 12.97" in held().detail
    news(attempt, took(1293))
    # Then what it says beyond, or short of, that is in question
    assert (held().amount_minor, held().received) == (2, False)
    assert balances() == (settled_minor - 2, 2)
    assert_in_order()


def test_what_was_explained_or_is_another_currency_counts_not() -> None:
    attempt = paid(1295)
    with transaction():
        resolve_break(break_id=held().public_id, reason="A tip.", by="ann", now=NOW)
    for minor, currency, kind in ((9, "USD", BreakKind.CURRENCY_MISMATCH), (3, "EUR", BreakKind.UNEXPLAINED)):
        pk = Attempt.objects.get(uuid=attempt).pk
        other = Finding(kind, "shop", "stripe", "main", f"x:{minor}", Money(minor, currency), True, True, "x", "", pk)
        lost(Break.objects.get(public_id=found(other)))
    news(attempt, took(1297))
    assert held().amount_minor == 7
    assert EUR.amount_minor == Attempt.objects.get().captured_minor
