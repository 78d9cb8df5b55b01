"""A payment that comes after its stock went back to the shelf: sold again or given back, as the product says."""

import json
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from checkout.expire import expire_hold, expire_session
from checkout.models import CheckoutSession, Order, Product, Reservation, StockItem
from checkout.stock import HOLD
from ledger.money import Money
from payments.ask_psp import look_up
from payments.models import Attempt, Refund, Void
from payments.psp.outcomes import Approved
from payments.refund import send_refund
from payments.settle_attempt import settle_attempt
from payments.states import IntentState
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_session, open_shop, pay
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

IN_TIME, LATE = NOW + HOLD - timedelta(seconds=1), NOW + HOLD
SWEPT = pytest.mark.parametrize("swept", [True, False], ids=["swept", "not swept yet"])


def _unknown(policy: str) -> str:
    """Return a session whose payment nobody knows the outcome of; it was taken."""
    session_id = open_session(open_shop(on_hand=1))
    Product.objects.update(late_payment_policy=policy)
    assert pay(session_id, "pm_tally_dropReply", key="k").status == 202
    return session_id


def _found_out(session_id: str, *, at: object, swept: bool = False) -> dict[str, object]:
    if swept:
        expire_hold(session_id=session_id, client=CLIENT, now=LATE)
    look_up(attempt_uuid=Attempt.objects.get().uuid, now=at)  # type: ignore[arg-type]  # a time
    answer = pay(session_id, "pm_tally_dropReply", key="k", now=at)  # type: ignore[arg-type]  # a time
    return dict(json.loads(answer.body), status=answer.status)


def _reserved() -> tuple[int, list[str]]:
    return StockItem.objects.get().reserved, list(Reservation.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize("policy", ["sell_again", "refund"])
def test_a_payment_in_time_is_an_order(psp: Psp, policy: str) -> None:
    session_id = _unknown(policy)

    assert _found_out(session_id, at=IN_TIME)["status"] == 200

    assert (Order.objects.count(), _reserved()) == (1, (1, ["committed"]))


@SWEPT
def test_units_that_are_still_there_are_sold_again(psp: Psp, swept: bool) -> None:
    session_id = _unknown("sell_again")

    assert _found_out(session_id, at=LATE, swept=swept)["status"] == 200

    states = ["expired", "committed"] if swept else ["committed"]
    assert (Order.objects.count(), _reserved()) == (1, (1, states))
    assert nothing_is_wrong() == []


@SWEPT
def test_what_is_not_sold_late_is_refunded_though_it_is_there(psp: Psp, swept: bool) -> None:
    # Given
    session_id = _unknown("refund")
    # When
    answer = _found_out(session_id, at=LATE, swept=swept)
    # Then
    refund = Refund.objects.get()
    assert (answer["status"], answer["code"], answer["reason"]) == (409, "payment_refunded", "payment_too_late")
    assert answer["refund"] == refund.public_id == CheckoutSession.objects.get().compensation
    send_refund(refund_uuid=refund.uuid, now=LATE)
    assert psp.charges() == [("succeeded", 1290, 1290)]
    assert (Order.objects.count(), _reserved()) == (0, (0, ["expired" if swept else "released"]))
    assert CheckoutSession.objects.get().state == "canceled"
    assert nothing_is_wrong() == []


@pytest.mark.parametrize("policy", ["sell_again", "refund"])
def test_money_for_a_session_that_is_over_is_paid_back(psp: Psp, policy: str) -> None:
    # Given a buyer who did not answer the bank in time
    session_id = open_session(open_shop())
    Product.objects.update(late_payment_policy=policy)
    pay(session_id, "pm_card_authenticationRequired")
    assert expire_session(session_id=session_id, client=CLIENT, now=LATE)
    # When it is taken all the same
    _settle(captured=True)
    # Then
    assert (Order.objects.count(), Refund.objects.get().amount_minor, _reserved()) == (0, 1290, (0, ["expired"]))
    assert CheckoutSession.objects.get().state == "expired"


def test_money_that_is_only_held_for_a_session_that_is_over_is_let_go_of(psp: Psp) -> None:
    # Given
    session_id = open_session(open_shop())
    pay(session_id, "pm_card_authenticationRequired")
    assert expire_session(session_id=session_id, client=CLIENT, now=LATE)
    Void.objects.all().delete()
    # When the bank holds it
    _settle(captured=False)
    # Then it is voided, not refunded
    void = Void.objects.get()
    assert (void.state, void.attempt.state, void.attempt.intent.state) == (
        "pending",
        "authorized",
        IntentState.REQUIRES_CAPTURE,
    )
    assert (Refund.objects.count(), Order.objects.count()) == (0, 0)
    assert CheckoutSession.objects.get().compensation == "void"


def _settle(*, captured: bool) -> None:
    attempt = Attempt.objects.get()
    approved = Approved(attempt.psp_reference or "", captured=captured, money=Money(1290, "EUR"))
    with transaction():
        settle_attempt(attempt_uuid=attempt.uuid, outcome=approved, now=LATE)
