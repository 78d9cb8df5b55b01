"""News about a refund, in any order and any number, moves money once, and only as was asked."""

import itertools
import json
from uuid import UUID

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.inbox import InboxMessage, Park
from exactly_once.models import OutboxEvent
from ledger.accounts import open_book
from ledger.models import Entry
from ledger.money import Money
from payments import webhooks
from payments.begin_attempt import Charge, begin_attempt
from payments.errors import PaymentRefused
from payments.models import Attempt, Refund
from payments.psp.outcomes import (
    Approved,
    RefundCanceled,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RefundRequiresAction,
    RefundSucceeded,
)
from payments.refund import COMPENSATION, request_refund
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.settle_refund import settle_refund
from payments.verify import checks
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

EUR = Money(1290, "EUR")
PENDING = RefundPending("re_1")
PAID = RefundSucceeded("re_1", money=EUR)
RETURNED = RefundFailed("re_1", reason="expired_or_canceled_card")
REFUSED = RefundFailed(None, reason="invalid_request")
ASKED = RefundRequiresAction("re_1")
CALLED_BACK = RefundCanceled("re_1", reason="merchant_request")


@pytest.fixture
def refund() -> UUID:
    """A refund, in full, of a captured payment."""
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
        charge = Charge("shop", "cli_test", "chk_1", EUR, "", [Token("stripe", "pm_card_visa")])
        attempt = begin_attempt(charge=charge, now=NOW)
        settle_attempt(attempt_uuid=attempt, outcome=Approved("pi_1", captured=True, money=EUR), now=NOW)
        request_refund(order_reference="chk_1", money=EUR, reason="requested", now=NOW)
    return Refund.objects.get().uuid


def _settle(refund: UUID, outcome: RefundOutcome) -> str:
    with transaction():
        return str(settle_refund(refund_uuid=refund, outcome=outcome, now=NOW))


def _rows() -> tuple[list[object], list[object], int]:
    return list(Refund.objects.values()), list(Attempt.objects.values()), Entry.objects.count()


@pytest.mark.parametrize("end", [RETURNED, CALLED_BACK])
@pytest.mark.parametrize("order", list(itertools.permutations(["pending", "asked", "paid", "end"])))
def test_a_refund_that_comes_to_nothing_is_owed_again_in_every_order(
    refund: UUID, order: tuple[str, ...], end: RefundOutcome
) -> None:
    news: dict[str, RefundOutcome] = {"pending": PENDING, "asked": ASKED, "paid": PAID, "end": end}
    for name in (*order, *order):
        _settle(refund, news[name])
    state = "failed" if end is RETURNED else "canceled"
    assert (Refund.objects.get().state, Refund.objects.get().psp_reference) == (state, "re_1")
    assert Attempt.objects.get().refunded_minor == 0
    assert [check.name for check in checks(now=NOW) if not check.passed] == []


@pytest.mark.parametrize("order", list(itertools.permutations([PENDING, ASKED, PAID])))
def test_a_refund_that_waited_for_the_buyer_is_paid_in_every_order(
    refund: UUID, order: tuple[RefundOutcome, ...]
) -> None:
    for outcome in (*order, *order):
        _settle(refund, outcome)
    assert (Refund.objects.get().state, Attempt.objects.get().refunded_minor) == ("succeeded", 1290)
    assert [check.name for check in checks(now=NOW) if not check.passed] == []


def test_that_the_buyer_has_to_act_is_told_once_and_moves_no_money(refund: UUID) -> None:
    entries = Entry.objects.count()
    for news in (PENDING, ASKED, PENDING, ASKED):
        _settle(refund, news)
    row = Refund.objects.get()
    assert (row.state, row.settled_at, row.next_check_at) == ("requires_action", None, NOW)
    told = OutboxEvent.objects.filter(aggregatetype="refund")
    assert [(event.type, event.payload["state"]) for event in told] == [("refund.requires_action", "requires_action")]
    assert Entry.objects.count() == entries
    assert [check.name for check in checks(now=NOW) if not check.passed] == []


@pytest.mark.parametrize("end", [RETURNED, CALLED_BACK])
def test_what_came_to_nothing_may_be_paid_back_anew(refund: UUID, end: RefundOutcome) -> None:
    # Given
    _settle(refund, end)
    # When
    with transaction():
        request_refund(order_reference="chk_1", money=EUR, reason="requested", now=NOW)
    # Then
    assert Attempt.objects.get().refunded_minor == 1290
    with pytest.raises(PaymentRefused), transaction():
        request_refund(order_reference="chk_1", money=Money(1, "EUR"), reason="requested", now=NOW)


def test_a_compensation_that_was_called_back_may_be_followed_by_another(refund: UUID) -> None:
    Refund.objects.update(reason=COMPENSATION)
    _settle(refund, CALLED_BACK)
    with transaction():
        request_refund(order_reference="chk_1", money=EUR, reason=COMPENSATION, now=NOW)
    assert sorted(Refund.objects.values_list("state", flat=True)) == ["canceled", "pending"]


@pytest.mark.parametrize("before", [PENDING, ASKED, PAID])
@pytest.mark.parametrize(
    "news",
    [
        RefundSucceeded("re_1", money=Money(1289, "EUR")),
        RefundSucceeded("re_1", money=Money(1290, "USD")),
        RefundSucceeded("re_2", money=EUR),
        RefundFailed("re_2", reason="lost_or_stolen_card"),
        RefundCanceled("re_2", reason="merchant_request"),
        RefundRequiresAction("re_2"),
    ],
)
def test_what_was_paid_back_otherwise_than_asked_is_never_absorbed(
    refund: UUID, before: RefundOutcome, news: RefundOutcome
) -> None:
    _settle(refund, before)
    rows = _rows()
    with pytest.raises(PaymentRefused) as refusal:
        _settle(refund, news)
    assert (refusal.value.code, _rows()) == ("contradictory_outcome", rows)


@pytest.mark.parametrize("refusal_before", [REFUSED, RefundCanceled(None, reason="disputed")])
def test_money_that_goes_back_after_a_refusal_is_never_swallowed(refund: UUID, refusal_before: RefundOutcome) -> None:
    _settle(refund, refusal_before)
    rows = _rows()
    with pytest.raises(PaymentRefused) as refusal:
        _settle(refund, PAID)
    assert (refusal.value.code, _rows()) == ("contradictory_outcome", rows)


@pytest.mark.parametrize("before", [PENDING, ASKED, PAID])
def test_a_refusal_says_nothing_about_a_refund_that_the_psp_has(refund: UUID, before: RefundOutcome) -> None:
    # Given a refund that we asked for again, when the PSP had forgotten our key
    state = _settle(refund, before)
    assert _settle(refund, REFUSED) == state
    assert Attempt.objects.get().refunded_minor == 1290


@pytest.mark.parametrize(
    "changed", [{"amount": 1289}, {"payment_intent": "pi_2"}], ids=["another amount", "another payment"]
)
def test_an_event_about_another_refund_under_our_id_waits_for_people(refund: UUID, changed: dict[str, object]) -> None:
    subject = {"id": "re_1", "amount": 1290, "currency": "eur", "payment_intent": "pi_1", "status": "succeeded"}
    subject |= {"metadata": {"tally_refund": str(refund)}} | changed
    body = json.dumps({"id": "evt_1", "type": "refund.updated", "data": {"object": subject}}).encode()
    rows = _rows()
    with pytest.raises(Park), transaction():
        webhooks.handle(InboxMessage(1, "stripe", "main", "evt_1", body, NOW, NOW))
    assert _rows() == rows


@pytest.mark.parametrize("change", [{"amount_minor": 1291}, {"currency": "USD"}, {"state": "succeeded"}])
def test_the_database_holds_refunds_to_what_their_attempt_counts(refund: UUID, change: dict[str, object]) -> None:
    # Given a refund that has failed, so that nothing is counted any more
    if "state" in change:
        _settle(refund, REFUSED)
    # When somebody writes past the code
    with pytest.raises(IntegrityError) as refusal:
        Refund.objects.update(**change)
    # Then
    diagnosis = getattr(refusal.value.__cause__, "diag", None)
    assert getattr(diagnosis, "constraint_name", None) == "payment_refund_counted"


def test_the_database_lets_nobody_add_a_refund_that_is_not_counted(refund: UUID) -> None:
    attempt = Attempt.objects.get()
    with pytest.raises(IntegrityError):
        Refund.objects.create(public_id="re_2", attempt=attempt, amount_minor=1, currency="EUR", created_at=NOW)
    assert Refund.objects.count() == 1
