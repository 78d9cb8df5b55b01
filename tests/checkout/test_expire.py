"""What buyers leave behind is tidied up, and only that."""

import json
from datetime import timedelta

import pytest

from checkout.create_session import SESSION_LIFETIME
from checkout.expire import due_holds, due_sessions, expire_session
from checkout.models import CheckoutSession, StockItem
from checkout.stock import HOLD
from payments.models import Attempt
from payments.void import send_void
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_session, open_shop, pay
from tests.factories import NOW
from tests.psp import Psp

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
