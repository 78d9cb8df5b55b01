"""Money that came for a cart that can no longer become an order goes back, once."""

import json
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from checkout.cancel_session import cancel_session
from checkout.expire import expire_hold
from checkout.models import CheckoutSession, Order, StockItem
from ledger.money import Money
from payments.ask_psp import look_up
from payments.models import Attempt, Refund
from payments.psp.stripe import StripeAdapter
from payments.refund import request_refund, send_refund
from payments.sweep import due_refunds, open_attempts
from payments.void import send_void
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_session, open_shop, pay, posted, postings
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + timedelta(hours=1)

CAPTURED = posted("payment.captured", "assets:psp:stripe:receivable", "liabilities:orders")
REQUESTED = posted("refund.requested", "liabilities:orders", "liabilities:refunds")
PAID_BACK = posted("refund.succeeded", "liabilities:refunds", "assets:psp:stripe:receivable")


def _pay_back() -> None:
    for refund in due_refunds(now=LATER, limit=10):
        send_refund(refund_uuid=refund, now=LATER)


def _cancel(session_id: str) -> None:
    with transaction():
        cancel_session(session_id=session_id, client=CLIENT, now=NOW)


def test_stock_that_is_gone_when_the_late_money_comes_means_a_refund(psp: Psp) -> None:
    # Given the last unit, whose hold ran out while its payment was unknown, sold to somebody else
    variant = open_shop(on_hand=1)
    late, quick = open_session(variant), open_session(variant)
    pay(late, "pm_tally_dropReply", key="late")
    expire_hold(session_id=late, client=CLIENT, now=LATER)
    assert pay(quick).status == 200
    # When the first payment turns out to have been taken
    look_up(attempt_uuid=Attempt.objects.get(intent__order_reference=late).uuid, now=LATER)
    # Then its buyer is told, and paid back
    answer = pay(late, "pm_tally_dropReply", key="late", now=LATER)
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "payment_refunded")
    _pay_back()
    assert sorted(psp.charges()) == [("succeeded", 1290, 0), ("succeeded", 1290, 1290)]
    assert postings() == CAPTURED + CAPTURED + REQUESTED + PAID_BACK
    assert (Order.objects.count(), StockItem.objects.get().reserved) == (1, 1)
    assert CheckoutSession.objects.get(public_id=late).state == "canceled"
    assert nothing_is_wrong() == []


def test_a_yes_after_the_buyer_walked_away_is_paid_back(psp: Psp) -> None:
    # Given a buyer who cancelled while the bank was asking, and then approved all the same
    session_id = open_session(open_shop())
    url = json.loads(pay(session_id, "pm_card_authenticationRequired").body)["next_action"]["url"]
    _cancel(session_id)
    psp.answer_three_d_secure(url, "approve")
    # When the void comes too late
    attempt = Attempt.objects.get()
    send_void(attempt_uuid=attempt.uuid, now=NOW)
    look_up(attempt_uuid=attempt.uuid, now=NOW)
    _pay_back()
    # Then
    assert psp.charges() == [("succeeded", 1290, 1290)]
    assert postings() == CAPTURED + REQUESTED + PAID_BACK
    assert (Order.objects.count(), Refund.objects.get().state) == (0, "succeeded")
    assert nothing_is_wrong() == []


def test_a_void_in_time_takes_nothing(psp: Psp) -> None:
    session_id = open_session(open_shop())
    pay(session_id, "pm_card_authenticationRequired")
    assert open_attempts() == 0  # the buyer's turn, not ours
    _cancel(session_id)
    assert open_attempts() == 1
    send_void(attempt_uuid=Attempt.objects.get().uuid, now=NOW)
    assert open_attempts() == 0
    assert psp.charges() == [("canceled", 0, 0)]
    assert (Attempt.objects.get().state, postings(), Refund.objects.count()) == ("voided", [], 0)
    assert StockItem.objects.get().reserved == 0


def test_a_refund_whose_reply_is_lost_is_sent_again_and_paid_once(psp: Psp) -> None:
    # Given
    variant = open_shop(on_hand=1)
    late, quick = open_session(variant), open_session(variant)
    pay(late, "pm_tally_dropReply")
    expire_hold(session_id=late, client=CLIENT, now=LATER)
    pay(quick)
    look_up(attempt_uuid=Attempt.objects.get(intent__order_reference=late).uuid, now=LATER)
    # When
    psp.http.post("/_simulator/faults", json={"drop_reply": 1.0}).raise_for_status()
    _pay_back()
    assert Refund.objects.get().state == "pending"
    psp.http.post("/_simulator/faults", json={"drop_reply": 0.0}).raise_for_status()
    send_refund(refund_uuid=Refund.objects.get().uuid, now=LATER)
    # Then
    assert Refund.objects.get().state == "succeeded"
    assert sorted(refunded for _, _, refunded in psp.charges()) == [0, 1290]
    assert nothing_is_wrong() == []


def test_a_refund_that_no_worker_sent_for_a_day_is_sent_all_the_same(psp: Psp) -> None:
    # Given a refund, and no worker until the PSP would have forgotten our key
    session_id = open_session(open_shop())
    pay(session_id)
    with transaction():
        request_refund(order_reference=session_id, money=Money(1290, "EUR"), reason="requested", now=NOW)
    refund, tomorrow = Refund.objects.get().uuid, NOW + timedelta(days=1)
    # When it is sent for the first time, and fails over there
    psp.http.post("/_simulator/faults", json={"next": ["error500"]}).raise_for_status()
    send_refund(refund_uuid=refund, now=tomorrow)
    asked = psp.requests()
    # Then the PSP's memory is counted from here: a look and the same request, and later only a look
    send_refund(refund_uuid=refund, now=tomorrow + StripeAdapter.key_retention - timedelta(seconds=1))
    assert psp.requests() == asked + 2
    send_refund(refund_uuid=refund, now=tomorrow + StripeAdapter.key_retention)
    assert (psp.requests(), Refund.objects.get().state) == (asked + 3, "pending")


@pytest.mark.parametrize("fault", ["error500_after", "drop_reply"])
def test_a_refund_that_no_webhook_told_of_is_found_in_the_psps_record(psp: Psp, fault: str) -> None:
    # Given a refund that was paid, whose reply was lost or is a stored 500, and whose webhook never came
    session_id = open_session(open_shop())
    pay(session_id)
    with transaction():
        request_refund(order_reference=session_id, money=Money(1290, "EUR"), reason="requested", now=NOW)
    psp.http.post("/_simulator/faults", json={"next": [fault]}).raise_for_status()
    send_refund(refund_uuid=Refund.objects.get().uuid, now=NOW)
    assert Refund.objects.get().state == "pending"
    # When we look, long after the PSP has forgotten our key
    send_refund(refund_uuid=Refund.objects.get().uuid, now=NOW + timedelta(days=30))
    # Then
    assert (Refund.objects.get().state, psp.charges()) == ("succeeded", [("succeeded", 1290, 1290)])
    assert postings() == CAPTURED + REQUESTED + PAID_BACK
