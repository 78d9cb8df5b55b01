"""A wake-up asks the PSP about what is due, and about nothing twice."""

from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from checkout.cancel_session import cancel_session
from ledger.money import Money
from payments.models import Attempt, Refund
from payments.refund import request_refund
from payments.sweep import LONGEST_WAIT, claim_attempt, next_check_at
from payments.tasks import check_attempt, pay_back
from tests.checkout.buyers import CLIENT, open_session, open_shop, pay
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = NOW.replace(year=2020)


def test_a_crowd_of_messages_about_one_attempt_asks_once(psp: Psp) -> None:
    # Given an outcome that stays unknown, and workers that find the wake-ups of many sweeps
    pay(open_session(open_shop()), "pm_tally_error500")
    Attempt.objects.update(next_check_at=LONG_AGO, submitted_at=LONG_AGO)
    before, uuid = psp.requests(), str(Attempt.objects.get().uuid)
    # When
    crowd(4, lambda _: check_attempt(uuid))
    # Then one look, and no other for an hour
    assert psp.requests() - before == 1
    assert (Attempt.objects.get().checks, Attempt.objects.get().state) == (1, "unknown")


def test_a_crowd_of_messages_about_one_refund_sends_it_once(psp: Psp) -> None:
    session_id = open_session(open_shop())
    pay(session_id)
    with transaction():
        request_refund(order_reference=session_id, money=Money(1290, "EUR"), reason="requested", now=LONG_AGO)
    psp.http.post("/_simulator/faults", json={"next": ["error500"]}).raise_for_status()
    before, uuid = psp.requests(), str(Refund.objects.get().uuid)
    crowd(4, lambda _: pay_back(uuid))
    assert psp.requests() - before == 1
    assert (Refund.objects.get().checks, Refund.objects.get().state) == (1, "pending")


def test_a_void_that_failed_over_there_is_asked_for_anew(psp: Psp) -> None:
    # Given a payment to let go of, and a PSP that keeps its 500 as the answer to our key
    session_id = open_session(open_shop())
    pay(session_id, "pm_card_authenticationRequired")
    with transaction():
        cancel_session(session_id=session_id, client=CLIENT, now=LONG_AGO)
    psp.http.post("/_simulator/faults", json={"next": ["error500"]}).raise_for_status()
    check_attempt(str(Attempt.objects.get().uuid))
    assert Attempt.objects.get().state == "requires_action"
    # When
    Attempt.objects.update(next_check_at=LONG_AGO)
    check_attempt(str(Attempt.objects.get().uuid))
    # Then
    assert (Attempt.objects.get().state, psp.charges()) == ("voided", [("canceled", 0, 0)])


def test_who_is_still_before_the_banks_question_is_only_looked_at(psp: Psp) -> None:
    pay(open_session(open_shop()), "pm_card_authenticationRequired")
    Attempt.objects.update(next_check_at=LONG_AGO)
    check_attempt(str(Attempt.objects.get().uuid))
    assert (Attempt.objects.get().state, psp.charges()) == ("requires_action", [("requires_action", 0, 0)])


def test_what_is_not_due_or_over_is_not_claimed(psp: Psp) -> None:
    pay(open_session(open_shop()), "pm_tally_error500")
    attempt = Attempt.objects.get()
    due = attempt.next_check_at
    assert due == NOW + timedelta(seconds=10)
    assert not claim_attempt(attempt_uuid=attempt.uuid, now=due - timedelta(seconds=1))
    Attempt.objects.update(state="declined")
    assert not claim_attempt(attempt_uuid=attempt.uuid, now=due)


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(0), timedelta(seconds=10)),
        (timedelta(minutes=10), timedelta(minutes=1)),
        (timedelta(days=9), LONGEST_WAIT),
    ],
)
def test_what_is_open_for_longer_is_asked_about_less_often(age: timedelta, wait: timedelta) -> None:
    assert next_check_at(since=NOW - age, now=NOW) == NOW + wait
