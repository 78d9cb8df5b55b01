"""What buyers leave behind is tidied up, and only that."""

import json
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from checkout.create_session import SESSION_LIFETIME
from checkout.expire import due_holds, due_sessions, expire_hold, expire_session
from checkout.models import CheckoutSession, Reservation, StockItem
from checkout.stock import HOLD
from checkout.tasks import sweep
from payments.ask_psp import look_up
from payments.models import Attempt, Void
from payments.psp.outcomes import Declined
from payments.settle_attempt import settle_attempt
from payments.void import send_void
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_session, open_shop, pay
from tests.factories import NOW, VariantFactory
from tests.psp import Psp
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_session_ends_when_its_time_is_up() -> None:
    # Given
    session_id = open_session(open_shop())
    end = NOW + SESSION_LIFETIME
    # Then not before
    assert due_sessions(now=end - timedelta(seconds=1), limit=10) == []
    assert not expire_session(session_id=session_id, client=CLIENT, now=end - timedelta(seconds=1))
    # When
    assert due_sessions(now=end, limit=10) == [(session_id, CLIENT)]
    assert expire_session(session_id=session_id, client=CLIENT, now=end)
    # Then
    assert CheckoutSession.objects.get().state == "expired"
    assert json.loads(pay(session_id, now=end).body)["code"] == "session_expired"


def test_a_paid_session_never_expires(psp: Psp) -> None:
    session_id = open_session(open_shop())
    pay(session_id)
    end = NOW + SESSION_LIFETIME
    assert due_sessions(now=end, limit=10) == []
    assert not expire_session(session_id=session_id, client=CLIENT, now=end)
    assert CheckoutSession.objects.get().state == "completed"


def test_expiry_is_checked_at_use_before_any_sweep() -> None:
    session_id = open_session(open_shop())
    response = pay(session_id, now=NOW + SESSION_LIFETIME)
    assert (response.status, json.loads(response.body)["code"]) == (409, "session_expired")
    assert StockItem.objects.get().reserved == 0


def test_who_never_answers_the_bank_gives_stock_and_payment_back(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop())
    pay(session_id, "pm_card_authenticationRequired")
    assert due_holds(now=NOW + HOLD, limit=10) == []
    # When
    assert due_sessions(now=NOW + HOLD, limit=10) == [(session_id, CLIENT)]
    assert expire_session(session_id=session_id, client=CLIENT, now=NOW + HOLD)
    send_void(attempt_uuid=Attempt.objects.get().uuid, now=NOW + HOLD)
    # Then
    assert (CheckoutSession.objects.get().state, StockItem.objects.get().reserved) == ("expired", 0)
    assert psp.charges() == [("canceled", 0, 0)]
    assert nothing_is_wrong() == []


@pytest.mark.parametrize("fault", [[], ["drop_reply"]], ids=["asked by the bank", "unknown"])
def test_who_pays_anew_while_the_sweeper_comes_keeps_session_and_stock(psp: Psp, fault: list[str]) -> None:
    # Given a session that a sweep has found overdue, whose payment failed and was begun anew before the sweep got to it
    end = NOW + HOLD
    session_id = open_session(open_shop())
    psp.http.post("/_simulator/faults", json={"next": [*fault, *fault]}).raise_for_status()
    pay(session_id, "pm_card_authenticationRequired")
    with transaction():
        declined = Declined(None, reason="card_declined", soft=True)
        settle_attempt(attempt_uuid=Attempt.objects.get().uuid, outcome=declined, now=end)
    pay(session_id, "pm_card_authenticationRequired", now=end)
    state = CheckoutSession.objects.get().state
    # When
    assert not expire_session(session_id=session_id, client=CLIENT, now=end)
    expire_hold(session_id=session_id, client=CLIENT, now=end)
    # Then
    assert (CheckoutSession.objects.get().state, StockItem.objects.get().reserved) == (state, 1)
    assert Void.objects.count() == 0


def test_a_bank_that_asks_after_the_stock_is_gone_asks_in_vain(psp: Psp) -> None:
    # Given a payment that nobody knew about for longer than its stock was held
    session_id = open_session(open_shop())
    psp.http.post("/_simulator/faults", json={"next": ["drop_reply"]}).raise_for_status()
    pay(session_id, "pm_card_authenticationRequired")
    expire_hold(session_id=session_id, client=CLIENT, now=NOW + HOLD)
    # When it turns out that the bank is asking the buyer
    assert look_up(attempt_uuid=Attempt.objects.get().uuid, now=NOW + HOLD) == "requires_action"
    # Then the session does not wait for that for ever
    assert due_sessions(now=NOW + HOLD, limit=10) == [(session_id, CLIENT)]
    assert expire_session(session_id=session_id, client=CLIENT, now=NOW + HOLD)
    assert Void.objects.get().created_at == NOW + HOLD


def test_a_session_that_cannot_be_tidied_up_does_not_stand_in_the_way(psp: Psp) -> None:
    # Given two buyers who never answered the bank, the first of whom the stock knows nothing of
    variants = [open_shop(), VariantFactory.create()]
    for variant in variants:
        pay(open_session(variant), "pm_card_authenticationRequired")
    Reservation.objects.update(expires_at=NOW.replace(year=2020))
    with past_the_triggers():
        StockItem.objects.filter(variant=variants[0]).update(reserved=0)
    # When
    sweep()
    # Then
    assert list(CheckoutSession.objects.order_by("pk").values_list("state", flat=True)) == [
        "requires_escalation",
        "expired",
    ]
