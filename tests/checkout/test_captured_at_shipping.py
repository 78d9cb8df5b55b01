"""A shop that captures as it ships: the order is made by the authorisation, by whichever road that is known."""

import json
from datetime import timedelta

import pytest
from pytest_django import Settings

from checkout.expire import expire_hold, expire_session
from checkout.models import CheckoutSession, Order
from payments.ask_psp import look_up
from payments.models import Attempt, PaymentIntent, Refund
from payments.void import send_void
from tests.checkout.buyers import CLIENT, open_session, open_shop, pay
from tests.checkout.orders import books, capture_all, shelf, ship, wrong
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _policy(settings: Settings) -> None:
    settings.SHOP_CAPTURES_AT_SHIPPING = True


def test_the_order_is_made_by_the_authorisation(psp: Psp) -> None:
    # When
    answer = pay(open_session(open_shop()))
    # Then
    assert (answer.status, json.loads(answer.body)["state"]) == (200, "completed")
    assert (PaymentIntent.objects.get().state, Order.objects.get().state) == ("requires_capture", "confirmed")
    assert PaymentIntent.objects.get().captures_at_once is False
    assert (psp.charges(), books("liabilities:orders")) == ([("requires_capture", 0, 0)], [0])
    assert wrong() == []


def test_an_authorisation_whose_reply_was_lost_makes_the_order_when_it_is_found(psp: Psp) -> None:
    # Given
    session = open_session(open_shop())
    assert pay(session, "pm_tally_dropReply", key="k").status == 202
    # When
    look_up(attempt_uuid=Attempt.objects.get().uuid, now=NOW)
    # Then
    assert pay(session, "pm_tally_dropReply", key="k").status == 200
    assert (Order.objects.count(), [charge[0] for charge in psp.charges()]) == (1, ["requires_capture"])


def test_its_capture_does_not_touch_the_session_again(psp: Psp) -> None:
    # Given
    pay(open_session(open_shop()))
    order = Order.objects.get()
    # When
    ship(order)
    capture_all()
    # Then
    assert (PaymentIntent.objects.get().state, CheckoutSession.objects.get().state) == ("succeeded", "completed")
    assert (Refund.objects.count(), psp.charges()) == (0, [("succeeded", 1290, 0)])
    assert wrong() == []


def test_what_is_held_for_units_that_are_gone_is_let_go_of(psp: Psp) -> None:
    # Given the last unit, whose hold ran out while its payment was unknown, sold to somebody else
    mug = open_shop(on_hand=1)
    late, quick = open_session(mug), open_session(mug)
    pay(late, "pm_tally_dropReply", key="late")
    expire_hold(session_id=late, client=CLIENT, now=LATER)
    assert pay(quick).status == 200
    # When
    attempt = Attempt.objects.get(intent__order_reference=late)
    look_up(attempt_uuid=attempt.uuid, now=LATER)
    send_void(attempt_uuid=attempt.uuid, now=LATER)
    # Then
    answer = pay(late, "pm_tally_dropReply", key="late", now=LATER)
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "payment_voided")
    assert sorted(psp.charges()) == [("canceled", 0, 0), ("requires_capture", 0, 0)]
    assert (Order.objects.count(), shelf(mug), Refund.objects.count()) == (1, (1, 1), 0)
    assert wrong() == []


def test_what_is_held_for_a_session_that_is_over_is_let_go_of(psp: Psp) -> None:
    # Given
    session = open_session(open_shop())
    pay(session, "pm_card_authenticationRequired")
    url = CheckoutSession.objects.get().next_action_url
    assert expire_session(session_id=session, client=CLIENT, now=LATER)
    # When the buyer says yes after all
    psp.answer_three_d_secure(url, "approve")
    attempt = Attempt.objects.get()
    look_up(attempt_uuid=attempt.uuid, now=LATER)
    send_void(attempt_uuid=attempt.uuid, now=LATER)
    # Then
    assert (Order.objects.count(), [charge[0] for charge in psp.charges()]) == (0, ["canceled"])
