"""Which breaks are not paid back, and how a refund ends that the PSP does not know."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django_subatomic.db import transaction

from ledger.accounts import open_book
from ledger.money import Money
from payments.dispute import settle_dispute
from payments.models import Attempt, Break, BreakRefund, SettlementLine
from payments.open_break import Finding
from payments.promise_break_refund import check_refundable
from payments.propose_resolution import propose_resolution
from payments.psp.news import DisputeEvent
from payments.psp.outcomes import Approved, RefundPending, RefundSucceeded
from payments.psp.registry import get_adapter
from payments.send_break_refund import send_break_refund
from payments.states import BreakKind, DisputeState, LineKind
from tests.factories import NOW
from tests.payments.findings import balances, found
from tests.payments.holding import EUR, assert_in_order, begin, news
from tests.payments.settling import settled, told
from tests.payments.test_break_refunds import REFUNDED, ended, pay_back, refusal, says, unknown
from tests.payments.test_unknown_admin import person
from tests.psp import Psp

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

K = LineKind


@pytest.fixture(autouse=True)
def _shop() -> None:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)


def too_much() -> Break:
    """Have a payment of which the PSP says that it took 5 too much."""
    attempt = begin(captures_at_once=True)
    for minor in (1290, 1295):
        news(attempt, Approved("pi_1", captured=True, money=Money(minor, "EUR")))
    return Break.objects.get()


def asked(psp: Psp) -> BreakRefund:
    """Have a refund that the PSP was asked for, and that never reached it, of a payment that is none of ours."""
    adapter = get_adapter(psp="stripe", account="main")
    taken = adapter.authorize(
        key="by hand", attempt_id=uuid4(), money=EUR, token="pm_card_visa", capture=True, description=""
    )
    assert isinstance(taken, Approved)
    pay_back(unknown(taken.psp_reference, 1290))
    BreakRefund.objects.update(sent_at=NOW, checks=1)
    assert psp.charges() == [("succeeded", 1290, 0)]
    return BreakRefund.objects.get()


def test_a_refund_that_the_psp_does_not_know_once_its_key_is_forgotten_has_failed(psp: Psp) -> None:
    refund = asked(psp)
    send_break_refund(refund_uuid=refund.uuid, now=NOW + timedelta(hours=23))
    refund.refresh_from_db()
    # Then its break is open to all ways again, and nothing was asked for a second time
    assert (refund.state, refund.failure_reason, ended()) == ("failed", "not found at the PSP", [("open", "")])
    assert (psp.charges(), balances()) == ([("succeeded", 1290, 0)], (1290, -1290))
    pay_back(Break.objects.get())
    assert_in_order()


def test_while_the_psp_remembers_the_key_it_is_asked_for_again(psp: Psp) -> None:
    refund = asked(psp)
    send_break_refund(refund_uuid=refund.uuid, now=NOW + timedelta(hours=22, minutes=59))
    assert (psp.charges(), ended()) == ([("succeeded", 1290, 1290)], [("resolved", "refunded")])


def test_one_that_the_psp_has_named_does_not_fail_by_not_being_found(psp: Psp) -> None:
    refund = asked(psp)
    says(RefundPending("re_9"))
    before = psp.requests()
    send_break_refund(refund_uuid=refund.uuid, now=NOW + timedelta(days=2))
    refund.refresh_from_db()
    assert (refund.state, psp.requests() - before) == ("pending", 1)


def test_a_line_of_another_sum_than_a_refund_under_way_is_in_suspense_as_a_whole() -> None:
    pay_back(unknown())
    says(RefundPending("re_9"))
    assert settled(told(K.REFUND, -499, psp_reference="re_9", payment_reference="pi_x")) == ["amount_mismatch"]
    assert SettlementLine.objects.get(kind="refund").break_refund is None
    assert list(Break.objects.values_list("state", "amount_minor", "received").order_by("pk")) == [
        ("open", 500, True),
        ("open", 499, False),
    ]
    assert balances() == (1, -1)
    # And when the PSP has paid after all
    says(RefundSucceeded("re_9", Money(500, "EUR")))
    assert balances() == (-499, 499)
    assert_in_order()


def test_it_goes_by_the_payment_that_the_finding_names() -> None:
    # Given a line of a payment that another one's attempt is named by
    attempt = begin(captures_at_once=True)
    news(attempt, Approved("pi_1", captured=True, money=Money(1290, "EUR")))
    settled(told(K.CHARGE, 1290), told(K.CHARGE, 1290, line_id="2"))
    held = Break.objects.get()
    assert check_refundable(held=held) == "pi_1"
    # When the line is of another payment than the attempt
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE payments_settlementline SET payment_reference = 'pi_2' WHERE line_id = '2'")
        cursor.execute("SET session_replication_role = origin")
    assert refusal(held) == "refund_of_another_payment"
    assert BreakRefund.objects.count() == 0


def test_what_the_buyers_bank_has_taken_back_is_not_paid_back() -> None:
    held = unknown()
    settled(told(K.DISPUTE, -500, psp_reference="du_9", payment_reference="pi_x"))
    assert refusal(held) == "refund_in_question"
    settled(told(K.DISPUTE_REVERSAL, 500, psp_reference="du_9", payment_reference="pi_x"))
    Break.objects.filter(received=False).update(
        state="resolved", resolution="explained", reason="x", resolved_by="ann", resolved_at=NOW
    )
    pay_back(held)


def test_of_a_payment_that_is_disputed_no_excess_is_paid_back() -> None:
    held = too_much()
    with transaction():
        event = DisputeEvent("du_1", "pi_1", DisputeState.NEEDS_RESPONSE, Money(1290, "EUR"), reason="fraudulent")
        settle_dispute(attempt=Attempt.objects.get(), event=event, now=NOW)
    assert refusal(held) == "refund_in_question"


@pytest.mark.parametrize("by", ["break", "line"])
def test_of_a_payment_that_another_break_has_less_of_nothing_is_paid_back(by: str) -> None:
    held = unknown()
    if by == "break":
        less = Finding(BreakKind.UNEXPLAINED, "shop", "stripe", "main", "x", Money(3, "EUR"), False, True, "x", "pi_x")
        found(less)
    else:  # somebody paid it back at the PSP
        settled(told(K.REFUND, -500, psp_reference="re_x", payment_reference="pi_x"))
    assert refusal(held) == "refund_in_question"
    assert BreakRefund.objects.count() == 0


def test_what_the_settlement_does_not_have_is_not_paid_back() -> None:
    held = too_much()
    assert settled(told(K.CHARGE, 1290)) == ["matched"]
    assert refusal(held) == "refund_in_question"


def test_who_agrees_sees_by_which_payment_it_goes() -> None:
    held = unknown(minor=10_001)
    with transaction():
        proposal = propose_resolution(
            break_id=held.public_id, how=REFUNDED, reason="No order.", by="ann", operation=uuid4(), now=NOW
        )
    bob = person("bob", "view_resolution", "approve_resolution")
    pk = held.resolutions.get(public_id=proposal).pk
    page = bob.get(f"/admin/payments/resolution/{pk}/approve/").content.decode()
    assert "The refund goes by" in page
    assert "pi_x" in page
