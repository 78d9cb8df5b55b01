"""Money that nobody is owed goes back by the PSP: the break ends when the PSP has paid, and not before."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.test import Client
from django_subatomic.db import transaction

from exactly_once.inbox import InboxMessage, Park
from ledger.accounts import open_book
from ledger.money import Money
from payments import webhooks
from payments.errors import PaymentRefused
from payments.models import Break, BreakRefund, SettlementLine
from payments.payout_proof import payout_proof
from payments.propose_resolution import approve_resolution, propose_resolution
from payments.psp.outcomes import (
    Approved,
    RefundCanceled,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RefundSucceeded,
    Unknown,
)
from payments.psp.registry import get_adapter
from payments.resolve_break import How, resolve_break
from payments.settle_break_refund import settle_break_refund
from payments.settle_lines_together import settle_lines_together
from payments.states import BreakResolution, LineKind
from payments.sweep import due_break_refunds, open_refunds
from payments.tasks import pay_break_back
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.findings import balances, found, line
from tests.payments.holding import EUR, assert_in_order, begin, news
from tests.payments.settling import read, settled, told
from tests.payments.taking import take
from tests.payments.test_unknown_admin import person
from tests.psp import Psp

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

K, R = LineKind, BreakResolution
REFUNDED = How(R.REFUNDED)
PAID = RefundSucceeded("re_9", Money(500, "EUR"))


@pytest.fixture(autouse=True)
def _shop() -> None:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)


def unknown(reference: str = "pi_x", minor: int = 500) -> Break:
    """Have a settlement line of a payment that we know nothing of."""
    assert settled(told(K.CHARGE, minor, psp_reference=reference, payment_reference=reference)) == ["missing_internal"]
    return Break.objects.get()


def pay_back(held: Break, *, how: How = REFUNDED, by: str = "ann") -> None:
    with transaction():
        resolve_break(break_id=held.public_id, how=how, reason="No order of ours.", by=by, now=NOW)


def says(outcome: RefundOutcome) -> str:
    """Have the PSP say how the latest refund stands."""
    refund = BreakRefund.objects.order_by("pk").last()
    assert refund is not None
    with transaction():
        return str(settle_break_refund(refund_uuid=refund.uuid, outcome=outcome, now=NOW))


def ended() -> list[tuple[str, str]]:
    return list(Break.objects.order_by("pk").values_list("state", "resolution"))


def refusal(held: Break, how: How = REFUNDED) -> str:
    with pytest.raises(PaymentRefused) as refused:
        pay_back(held, how=how)
    return refused.value.code


def test_what_no_order_is_about_is_paid_back_by_the_psp_and_its_break_ends_then(psp: Psp) -> None:
    # Given a payment at the PSP that is none of ours
    adapter = get_adapter(psp="stripe", account="main")
    taken = adapter.authorize(
        key="by hand", attempt_id=uuid4(), money=EUR, token="pm_card_visa", capture=True, description=""
    )
    assert isinstance(taken, Approved)
    held = unknown(taken.psp_reference, 1290)
    # When somebody has it paid back
    before = psp.requests()
    pay_back(held)
    assert (psp.requests(), balances(), ended()) == (before, (1290, -1290), [("open", "")])
    assert open_refunds() == 1
    assert_in_order()
    (uuid,) = due_break_refunds(now=NOW, limit=9)
    for _ in range(2):  # a message that comes twice
        pay_break_back(str(uuid))
    # Then
    assert (psp.charges(), balances()) == ([("succeeded", 1290, 1290)], (0, 0))
    held.refresh_from_db()
    assert (held.state, held.resolution, held.resolved_by) == ("resolved", "refunded", "ann")
    assert list(held.history.values_list("what", flat=True)) == ["opened", "refund_asked", "refunded"]
    assert_in_order()


def test_more_than_was_asked_for_goes_back_by_the_payment_and_the_order_keeps_what_it_paid() -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, Approved("pi_1", captured=True, money=Money(1291, "EUR")))
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    settled(told(K.CHARGE, 1295, fee=43))
    held = Break.objects.get(state="open")
    pay_back(held)
    refund = BreakRefund.objects.get()
    assert (refund.payment_reference, refund.amount_minor) == ("pi_1", 5)
    says(RefundSucceeded("re_9", Money(5, "EUR")))
    assert balances() == (1290 - 43, 0)
    assert_in_order()


@pytest.mark.parametrize("outcome", [Unknown(detail="time-out"), RefundPending("re_9")], ids=["unknown", "pending"])
def test_while_the_outcome_is_not_known_the_break_stays_open_and_ends_in_no_other_way(outcome: RefundOutcome) -> None:
    held = unknown()
    pay_back(held)
    assert says(outcome) == "pending"
    assert (ended(), balances()) == ([("open", "")], (500, -500))
    assert {refusal(held, how) for how in (How(), How(R.WRITTEN_OFF), REFUNDED)} == {"refund_under_way"}
    assert BreakRefund.objects.count() == 1
    assert says(PAID) == "succeeded"
    assert ended() == [("resolved", "refunded")]
    assert_in_order()


@pytest.mark.parametrize("outcome", [RefundFailed(None, reason="charge_disputed"), RefundCanceled("re_9", reason="x")])
def test_a_refund_that_comes_to_nothing_leaves_the_break_to_other_ways(outcome: RefundOutcome) -> None:
    held = unknown()
    pay_back(held)
    says(outcome)
    assert (ended(), balances(), open_refunds()) == ([("open", "")], (500, -500), 0)
    assert held.history.filter(what__startswith="refund_", by="tally").count() == 1
    pay_back(held)
    assert BreakRefund.objects.count() == 2
    says(RefundSucceeded("re_10", Money(500, "EUR")))
    assert (ended(), balances()) == ([("resolved", "refunded")], (0, 0))
    assert_in_order()


def test_a_refund_that_the_bank_sends_back_opens_another_break_that_may_be_paid_back_too() -> None:
    pay_back(unknown())
    says(PAID)
    says(RefundFailed("re_9", reason="lost_or_stolen_card"))
    assert (ended(), balances()) == ([("resolved", "refunded"), ("open", "")], (500, -500))
    again = Break.objects.get(state="open")
    assert (again.kind, again.received, again.amount_minor) == ("unexplained", True, 500)
    pay_back(again)
    assert BreakRefund.objects.get(about=again).payment_reference == "pi_x"
    assert_in_order()


def test_what_is_paid_back_after_the_psp_has_said_something_else_is_in_question() -> None:
    attempt = take()
    news(attempt, Approved("pi_1", captured=True, money=Money(1295, "EUR")))
    pay_back(Break.objects.get())
    news(attempt, Approved("pi_1", captured=True, money=Money(1297, "EUR")))
    assert ended() == [("resolved", "superseded"), ("open", "")]
    says(RefundSucceeded("re_9", Money(5, "EUR")))
    assert balances() == (1290 + 7 - 5, -2)
    assert [row.amount_minor for row in Break.objects.filter(state="open", received=False)] == [5]
    assert_in_order()


def test_news_of_another_sum_is_refused() -> None:
    pay_back(unknown())
    with pytest.raises(PaymentRefused):
        says(RefundSucceeded("re_9", Money(499, "EUR")))
    assert ended() == [("open", "")]


def test_the_settlement_of_a_refund_ends_the_break_and_belongs_to_it() -> None:
    pay_back(unknown())
    says(RefundPending("re_9"))
    back = told(K.REFUND, -500, psp_reference="re_9", payment_reference="pi_x")
    read(back)
    assert len(settle_lines_together(limit=9, now=NOW).left) == 1
    assert settled(back, told(K.PAYOUT, -1, occurred_at=NOW + timedelta(days=1))) == ["matched", "matched"]
    row = SettlementLine.objects.get(kind="refund")
    assert (row.break_refund, row.finding) == (BreakRefund.objects.get(), None)
    assert ended() == [("resolved", "refunded")]
    # And the payout is proved: the break says what was taken, and its refund that it went back
    (payout,) = row.__class__.objects.filter(kind="payout").select_related("payout")
    assert payout.payout is not None
    shown = payout_proof(payout=payout.payout)
    assert shown is not None
    assert (str(shown.difference), shown.is_proved) == ("EUR 5.00", True)
    assert settled(told(K.REFUND_FAILURE, 500, psp_reference="re_9", payment_reference="pi_x")) == ["matched"]
    assert balances()[1] == -500
    assert_in_order()


@pytest.mark.parametrize("payment", ["pi_x", "pi_2"])
def test_a_webhook_ends_the_break_that_it_is_about_and_no_other(payment: str) -> None:
    pay_back(unknown())
    subject = {"id": "re_9", "amount": 500, "currency": "eur", "payment_intent": payment, "status": "succeeded"}
    subject |= {"metadata": {"tally_refund": str(BreakRefund.objects.get().uuid)}}
    body = json.dumps({"id": "evt_1", "type": "refund.updated", "data": {"object": subject}}).encode()
    message = InboxMessage(1, "stripe", "main", "evt_1", body, NOW, NOW)
    if payment == "pi_x":
        with transaction():
            webhooks.handle(message)
    else:
        with pytest.raises(Park), transaction():
            webhooks.handle(message)
    assert ended() == [("resolved", "refunded") if payment == "pi_x" else ("open", "")]
    assert_in_order()


def test_a_line_that_may_be_of_a_refund_without_a_name_waits() -> None:
    pay_back(unknown())
    assert settled(told(K.REFUND, -500, psp_reference="re_9", payment_reference="pi_x")) == ["new"]
    assert len(settle_lines_together(limit=9, now=NOW).left) == 1


def test_only_what_a_payment_brought_can_be_paid_back() -> None:
    for finding, code in (
        (line(received=False), "refund_of_nothing"),
        (line(subject="2"), "refund_of_no_payment"),
        (line(subject="3", posted=False), "resolution_moves_nothing"),
    ):
        assert refusal(Break.objects.get(public_id=found(finding))) == code
    assert BreakRefund.objects.count() == 0


def test_above_the_limit_two_people_have_it_paid_back() -> None:
    held = unknown(minor=10_001)
    assert refusal(held) == "second_person_required"
    with transaction():
        proposal = propose_resolution(
            break_id=held.public_id, how=REFUNDED, reason="No order.", by="ann", operation=uuid4(), now=NOW
        )
    assert BreakRefund.objects.count() == 0
    with transaction():
        approve_resolution(resolution_id=proposal, by="bob", now=NOW)
    assert BreakRefund.objects.get().asked_by == "ann and bob"
    says(RefundSucceeded("re_9", Money(10_001, "EUR")))
    assert ended() == [("resolved", "refunded")]
    assert_in_order()


def test_of_many_who_have_it_paid_back_one_does() -> None:
    held = unknown()

    def one(_: int) -> bool:
        try:
            pay_back(held)
        except PaymentRefused:
            return False
        return True

    assert crowd(6, one).count(True) == 1
    assert BreakRefund.objects.count() == 1


def test_whatever_the_code_does_a_break_is_refunded_once_and_by_what_it_holds() -> None:
    held = unknown()
    pay_back(held)
    refund = BreakRefund.objects.get()
    for change in (
        {"pk": None, "uuid": uuid4(), "public_id": "brf_2"},
        {"pk": None, "uuid": uuid4(), "public_id": "brf_2", "amount_minor": 499, "state": "failed"},
    ):
        copy = BreakRefund.objects.get(pk=refund.pk)
        for name, value in change.items():
            setattr(copy, name, value)
        with pytest.raises(IntegrityError):
            copy.save(force_insert=True)
    done = {"state": "resolved", "reason": "x", "resolved_by": "ann", "resolved_at": NOW}
    for resolution in ("refunded", "explained"):
        with pytest.raises(IntegrityError):
            Break.objects.filter(pk=held.pk).update(**done, resolution=resolution)
    assert ended() == [("open", "")]


def test_a_person_has_it_paid_back_on_the_breaks_page() -> None:
    ann: Client = person("ann", "view_break", "resolve_break")
    address = f"/admin/payments/break/{unknown().pk}"
    sent = {"operation": str(uuid4()), "how": "refunded", "reason": "No order of ours."}
    said = [ann.post(f"{address}/resolve/", sent, follow=True).content.decode() for _ in range(2)]  # a double click
    assert all("stays open until it has" in each for each in said)
    refund: UUID = BreakRefund.objects.get().uuid
    shown = ann.get(f"{address}/change/").content.decode()
    assert BreakRefund.objects.get(uuid=refund).public_id in shown
