"""Paying: what each answer of the PSP does to session, stock, order, payment and books."""

import json
from datetime import timedelta

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from checkout.errors import SessionBusy
from checkout.expire import due_holds, expire_hold
from checkout.models import CheckoutSession, Order, Reservation, StockItem
from checkout.stock import HOLD
from exactly_once.models import IdempotencyKey, OutboxEvent
from payments.ask_psp import look_up
from payments.models import Attempt, PaymentIntent
from payments.sweep import due_attempts
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay, posted, postings
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

CAPTURED = posted("payment.captured", "assets:psp:stripe:receivable", "liabilities:orders")


def _stock() -> tuple[int, int]:
    item = StockItem.objects.get()
    return item.on_hand, item.reserved


def test_a_yes_writes_order_stock_payment_books_outbox_and_response(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop())
    # When
    response = pay(session_id, key="k")
    # Then
    order = Order.objects.get()
    assert (response.status, json.loads(response.body)["order"]["id"]) == (200, order.public_id)
    assert (order.total_minor, order.session.public_id) == (1290, session_id)
    assert _stock() == (10, 1)
    assert Reservation.objects.get().state == "committed"
    assert (PaymentIntent.objects.get().state, Attempt.objects.get().state) == ("succeeded", "captured")
    assert postings() == CAPTURED
    assert set(OutboxEvent.objects.values_list("type", flat=True)) == {"payment_intent.succeeded", "order.confirmed"}
    key = IdempotencyKey.objects.get(key="k")
    assert (key.state, bytes(key.response_body or b"")) == ("finished", response.body)
    assert psp.charges() == [("succeeded", 1290, 0)]
    assert nothing_is_wrong() == []


def test_a_decline_gives_the_stock_back_and_writes_nothing(psp: Psp) -> None:
    session_id = open_session(open_shop())
    response = pay(session_id, "pm_card_chargeDeclined")
    assert (response.status, json.loads(response.body)["code"]) == (402, "payment_declined")
    assert _stock() == (10, 0)
    assert (Order.objects.count(), postings()) == (0, [])
    assert CheckoutSession.objects.get().state == "ready_for_complete"
    assert Attempt.objects.get().state == "declined"


def test_an_empty_shelf_refuses_before_anybody_is_asked_for_money(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop(on_hand=1), quantity=2)
    # When
    response = pay(session_id, key="k")
    # Then
    assert (response.status, json.loads(response.body)["code"]) == (409, "out_of_stock")
    assert (psp.requests(), Attempt.objects.count(), PaymentIntent.objects.count(), _stock()) == (0, 0, 0, (1, 0))
    # And the same key gets the same answer
    again = pay(session_id, key="k")
    assert (again.body, again.replayed) == (response.body, True)


def test_a_lost_reply_is_unknown_until_somebody_looks(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop())
    # When
    response = pay(session_id, "pm_tally_dropReply", key="k")
    # Then
    assert (response.status, json.loads(response.body)["state"]) == (202, "complete_in_progress")
    assert Attempt.objects.get().state == "unknown"
    assert (Order.objects.count(), postings(), _stock()) == (0, [], (10, 1))
    # When the sweeper looks
    later = NOW + timedelta(seconds=configured.ATTEMPT_CHECK_SECONDS)
    (due,) = due_attempts(now=later, limit=10)
    look_up(attempt_uuid=due, now=later)
    # Then
    assert (Order.objects.count(), postings()) == (1, CAPTURED)
    assert psp.charges() == [("succeeded", 1290, 0)]
    # And the client that asks again reads the answer
    again = pay(session_id, "pm_tally_dropReply", key="k", now=later)
    assert (again.status, again.replayed) == (200, True)


def test_while_the_outcome_is_unknown_no_other_key_may_pay(psp: Psp) -> None:
    session_id = open_session(open_shop())
    pay(session_id, "pm_tally_dropReply")
    with pytest.raises(SessionBusy):
        pay(session_id, "pm_card_visa", key="other")
    assert Attempt.objects.count() == 1
    assert not IdempotencyKey.objects.filter(key="other").exists()


def test_a_psp_that_cannot_be_reached_charges_nothing_and_reopens(psp: Psp, settings: Settings) -> None:
    # Given
    from payments.psp.registry import get_adapter

    session_id = open_session(open_shop())
    told = {"api_key": "sk", "webhook_secret": "w", "api_base": "http://127.0.0.1:9"}
    accounts = {"stripe": {"main": {"adapter": "payments.psp.stripe.StripeAdapter", **told}}}
    settings.PSP_ACCOUNTS = accounts
    get_adapter.cache_clear()
    # When
    response = pay(session_id)
    # Then
    assert (response.status, json.loads(response.body)["decline_reason"]) == (402, "psp_unreachable")
    assert (Attempt.objects.get().state, _stock()) == ("failed_not_sent", (10, 0))


def test_a_500_of_the_psp_is_unknown_not_declined(psp: Psp) -> None:
    session_id = open_session(open_shop())
    assert pay(session_id, "pm_tally_error500").status == 202
    assert Attempt.objects.get().state == "unknown"


def test_a_client_that_keeps_asking_does_not_keep_the_psp_busy(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop())
    assert pay(session_id, "pm_tally_error500", key="k").status == 202
    before = psp.requests()
    # When it asks again before the next look is due, and after
    assert {pay(session_id, "pm_tally_error500", key="k").status for _ in range(5)} == {202}
    assert psp.requests() == before
    later = NOW + timedelta(seconds=configured.ATTEMPT_CHECK_SECONDS)
    assert {pay(session_id, "pm_tally_error500", key="k", now=later).status for _ in range(5)} == {202}
    # Then the PSP is asked once: what it has on record, and for the same again
    assert psp.requests() == before + 2


def test_after_the_psps_memory_is_over_we_only_look(psp: Psp) -> None:
    # Given a request that never reached the PSP's books, and whose reply was lost
    session_id = open_session(open_shop())
    pay(session_id, "pm_tally_error500")
    attempt = Attempt.objects.get()
    before = psp.requests()
    # When
    look_up(attempt_uuid=attempt.uuid, now=NOW + timedelta(hours=24))
    # Then one look, no second charge, and still unknown
    attempt.refresh_from_db()
    assert (psp.requests() - before, psp.charges(), attempt.state) == (1, [], "unknown")


def test_a_hold_that_ran_out_is_taken_again_when_the_money_comes_late(psp: Psp) -> None:
    # Given a payment that is unknown for longer than stock is held
    session_id = open_session(open_shop())
    pay(session_id, "pm_tally_dropReply")
    later = NOW + HOLD
    for late, client in due_holds(now=later, limit=10):
        expire_hold(session_id=late, client=client, now=later)
    assert _stock() == (10, 0)
    # When
    look_up(attempt_uuid=Attempt.objects.get().uuid, now=later)
    # Then
    assert (Order.objects.count(), _stock()) == (1, (10, 1))
    assert nothing_is_wrong() == []
