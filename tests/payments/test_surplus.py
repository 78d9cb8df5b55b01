"""Money that nobody owed us is found, booked once, and goes back to the buyer by itself."""

import itertools
from uuid import UUID

import pytest
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger.models import Transaction
from payments.judge_news import AttemptNews
from payments.models import Attempt, PaymentIntent, Refund, Void
from payments.psp.outcomes import (
    Approved,
    Declined,
    NotSent,
    RefundFailed,
    RefundSucceeded,
    RequiresAction,
    Unknown,
    Voided,
)
from payments.psp.registry import get_adapter
from payments.refund import send_refund
from payments.settle_refund import settle_refund
from payments.tasks import check_attempt
from payments.verify import checks
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.holding import EUR, assert_in_order, begin, lines, news
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

LONG_AGO = NOW.replace(year=2020)
DECLINED = Declined(None, reason="do_not_honor", soft=True)


def taken_behind_our_back(attempt: UUID, *, capture: bool = True, key: str = "lost") -> Approved:
    """Have the PSP take the money, and tell nobody."""
    outcome = get_adapter(psp="stripe", account="main").authorize(
        key=key, attempt_id=attempt, money=EUR, token="pm_card_visa", capture=capture, description=""
    )
    assert isinstance(outcome, Approved)
    return outcome


def paid_after_failover() -> UUID:
    """Return an attempt that was closed; the one after it was captured."""
    first = begin()
    news(first, DECLINED)
    news(begin(captures_at_once=True), Approved("pi_other", captured=True, money=EUR))
    return first


def test_a_late_capture_after_a_failover_is_paid_back_by_itself(psp: Psp) -> None:
    # Given
    first = paid_after_failover()
    late = taken_behind_our_back(first)
    # When the news comes, twice, and the sweeper does its work
    assert [news(first, late) for _ in range(2)] == ["surplus", "surplus"]
    assert_in_order()
    send_refund(refund_uuid=Refund.objects.get().uuid, now=NOW)
    # Then the buyer has paid once
    assert psp.charges() == [("succeeded", 1290, 1290)]
    assert sorted(Attempt.objects.values_list("state", "captured_minor", "refunded_minor")) == [
        ("captured", 1290, 0),
        ("surplus", 1290, 1290),
    ]
    assert (Refund.objects.get().state, Refund.objects.get().reason) == ("succeeded", "surplus")
    assert PaymentIntent.objects.get().state == "succeeded"
    assert [line for line in lines() if line[1] == "liabilities:refunds"] == [
        ("payment.captured", "liabilities:refunds", "PC", 1290),
        ("refund.succeeded", "liabilities:refunds", "PD", 1290),
    ]
    (event,) = OutboxEvent.objects.filter(type="surplus.captured")
    assert event.payload["payment_intent"] == PaymentIntent.objects.get().public_id
    assert_in_order()


def test_twenty_messengers_of_one_surplus_pay_it_back_once() -> None:
    first = paid_after_failover()
    late = Approved("pi_late", captured=True, money=EUR)
    assert crowd(20, lambda _: news(first, late)) == ["surplus"] * 20
    assert Refund.objects.count() == 1
    assert Transaction.objects.filter(reference="stripe:main:pi_late:captured").count() == 1


CLOSED: list[AttemptNews] = [DECLINED, NotSent("refused"), Voided("pi_late")]


@pytest.mark.parametrize("closed", CLOSED)
def test_money_on_whatever_was_closed_goes_back(closed: AttemptNews) -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, closed)
    before = PaymentIntent.objects.get().state
    assert news(attempt, Approved("pi_late", captured=True, money=EUR)) == "surplus"
    assert (Refund.objects.get().amount_minor, PaymentIntent.objects.get().state) == (1290, before)
    assert_in_order()


@pytest.mark.parametrize(
    "before",
    [
        Approved("pi_1", captured=True, money=EUR),
        Approved("pi_1", captured=False, money=EUR),
        RequiresAction("pi_1", redirect_url=""),
        Voided("pi_1"),
        Declined("pi_1", reason="do_not_honor", soft=True),
    ],
)
def test_a_second_payment_under_one_attempt_goes_back(psp: Psp, before: AttemptNews) -> None:
    # Given
    attempt = begin()
    news(attempt, before)
    kept = Attempt.objects.get()
    second = taken_behind_our_back(attempt)
    # When
    for _ in range(2):
        news(attempt, second)
    # Then the first is as it was
    kept.refresh_from_db()
    assert kept.psp_reference == "pi_1"
    surplus = Attempt.objects.exclude(pk=kept.pk).get()
    assert (surplus.state, surplus.psp_reference, surplus.intent_id) == (
        "surplus",
        second.psp_reference,
        kept.intent_id,
    )
    send_refund(refund_uuid=Refund.objects.get().uuid, now=NOW)
    assert psp.charges() == [("succeeded", 1290, 1290)]
    assert_in_order()


def test_what_is_held_in_surplus_is_let_go_of(psp: Psp) -> None:
    # Given
    first = paid_after_failover()
    news(first, taken_behind_our_back(first, capture=False))
    assert Void.objects.get().state == "pending"
    # When
    Attempt.objects.filter(uuid=first).update(next_check_at=LONG_AGO)
    check_attempt(str(first))
    # Then
    assert psp.charges() == [("canceled", 0, 0)]
    assert Void.objects.get().state == "succeeded"
    row = Attempt.objects.get(uuid=first)
    assert (row.state, row.captured_minor, row.next_check_at) == ("surplus", 0, None)


def test_a_surplus_hold_that_is_captured_meanwhile_goes_back() -> None:
    first = paid_after_failover()
    news(first, Approved("pi_late", captured=False, money=EUR))
    news(first, Approved("pi_late", captured=True, money=EUR))
    assert (Void.objects.get().state, Refund.objects.get().reason) == ("failed", "surplus")
    assert_in_order()


LATE: list[AttemptNews] = [
    Approved("pi_late", captured=True, money=EUR),
    Approved("pi_late", captured=False, money=EUR),
    DECLINED,
    Unknown("time-out"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(LATE)))
def test_whatever_else_is_told_in_any_order_the_money_goes_back_once(order: tuple[AttemptNews, ...]) -> None:
    first = paid_after_failover()
    for outcome in (*order, *order):
        news(first, outcome)
    assert list(Refund.objects.values_list("amount_minor", flat=True)) == [1290]
    assert Attempt.objects.get(uuid=first).state == "surplus"
    assert_in_order()


def test_a_surplus_whose_refund_came_to_nothing_is_named() -> None:
    first = paid_after_failover()
    news(first, Approved("pi_late", captured=True, money=EUR))
    refund = Refund.objects.get()
    with transaction():
        settle_refund(refund_uuid=refund.uuid, outcome=RefundSucceeded("re_1", EUR), now=NOW)
    assert_in_order()
    with transaction():
        settle_refund(refund_uuid=refund.uuid, outcome=RefundFailed("re_1", reason="closed"), now=NOW)
    assert [check.name for check in checks(now=NOW) if not check.passed] == ["payments: what came in surplus goes back"]
