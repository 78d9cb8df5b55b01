"""What the PSP says of a payment later, when nobody asked for it like that, still ends the session."""

import json
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from checkout.models import CheckoutSession, Order, StockItem
from exactly_once.models import IdempotencyKey
from ledger.money import Money
from payments.ask_psp import look_up
from payments.models import Attempt, PaymentIntent
from payments.psp.outcomes import Approved
from payments.settle_attempt import settle_attempt
from payments.states import LineKind
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay
from tests.factories import NOW
from tests.payments.settling import settled, told
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + timedelta(minutes=1)


def _canceled_at_the_psp(psp: Psp) -> None:
    """Have the merchant cancel the one payment in the PSP's own dashboard."""
    (charge,) = psp.http.get("/_simulator/record").json()["charges"]
    address = f"/v1/payment_intents/{charge['payment']}/cancel"
    psp.http.post(address, headers={"Authorization": "Bearer sk_test_tests"}).raise_for_status()


def test_a_payment_canceled_at_the_psp_reopens_the_session_that_waits_for_it(psp: Psp) -> None:
    # Given a payment whose reply was lost
    session_id = open_session(open_shop())
    psp.http.post("/_simulator/faults", json={"next": ["drop_reply"]}).raise_for_status()
    assert pay(session_id, "pm_card_authenticationRequired", key="k").status == 202
    # When it is canceled over there, and we look
    _canceled_at_the_psp(psp)
    assert look_up(attempt_uuid=Attempt.objects.get().uuid, now=LATER) == "voided"
    # Then who asked is told, and may pay again
    answer = pay(session_id, "pm_card_authenticationRequired", key="k", now=LATER)
    assert (answer.status, json.loads(answer.body)["decline_reason"]) == (402, "payment_canceled")
    assert (CheckoutSession.objects.get().state, StockItem.objects.get().reserved) == ("ready_for_complete", 0)
    assert pay(session_id, now=LATER).status == 200
    assert set(PaymentIntent.objects.values_list("state", flat=True)) == {"canceled", "succeeded"}
    assert nothing_is_wrong() == []


def test_another_amount_after_3d_secure_leaves_the_session_waiting_for_people(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop())
    pay(session_id, "pm_card_authenticationRequired", key="k")
    attempt = Attempt.objects.get()
    # When
    more = Approved(attempt.psp_reference or "", captured=True, money=Money(1291, "EUR"))
    with transaction():
        settle_attempt(attempt_uuid=attempt.uuid, outcome=more, now=NOW)
    # Then nothing ends it but news of the payment
    assert CheckoutSession.objects.get().state == "complete_in_progress"
    assert (Attempt.objects.get().state, PaymentIntent.objects.get().state) == ("unknown", "processing")
    assert (Order.objects.count(), IdempotencyKey.objects.get().response_status) == (0, 200)


def test_a_session_that_nobody_told_of_is_completed_by_the_settlement(psp: Psp) -> None:
    # Given a payment that was taken, whose reply and webhook are lost
    session_id = open_session(open_shop())
    assert pay(session_id, "pm_tally_dropReply", key="k").status == 202
    (charge,) = psp.http.get("/_simulator/record").json()["charges"]
    attempt = Attempt.objects.get()
    assert (attempt.state, CheckoutSession.objects.get().state) == ("unknown", "complete_in_progress")
    # When the PSP settles it
    paid = {"psp_reference": charge["payment"], "payment_reference": charge["payment"], "our_id": attempt.uuid}
    assert settled(told(LineKind.CHARGE, 1290, fee=50, **paid)) == ["matched"]
    # Then it is sold, and whoever asks is told
    answer = pay(session_id, "pm_tally_dropReply", key="k", now=LATER)
    assert (answer.status, json.loads(answer.body)["state"], answer.replayed) == (200, "completed", True)
    assert Order.objects.get().payment_intent == PaymentIntent.objects.get(state="succeeded").public_id
    assert nothing_is_wrong() == []
