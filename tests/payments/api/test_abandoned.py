"""A buyer who never comes back from the bank's question is given up, and only the PSP's word ends the payment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger.accounts import open_book
from payments.abandon import abandon
from payments.models import Attempt, PaymentIntent, Void
from payments.psp.outcomes import Voided
from payments.settle_attempt import settle_attempt
from payments.tasks import check_attempt
from tests.api import Api
from tests.checkout.buyers import open_session, open_shop, pay
from tests.concurrency.crowd import everyone
from tests.factories import NOW
from tests.payments.api.test_intents import ADDRESS, LONG_AGO, assert_in_order, confirm, create, told
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ASKED = "pm_card_authenticationRequired"


@pytest.fixture
def api() -> Api:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return Api("payments")


def asked(api: Api, **more: object) -> dict[str, Any]:
    """Return an intent whose buyer is before the bank's question."""
    return told(confirm(api, create(api, ASKED, **more)))


def let_the_time_pass() -> None:
    Attempt.objects.update(action_expires_at=LONG_AGO, next_check_at=LONG_AGO)


def check() -> None:
    Attempt.objects.update(next_check_at=LONG_AGO)
    check_attempt(str(Attempt.objects.latest("pk").uuid))


def void() -> tuple[str, str]:
    """Return the reason and the state of the only void."""
    return Void.objects.values_list("reason", "state").get()


def test_who_never_comes_back_is_given_up_and_another_card_may_be_tried(api: Api, psp: Psp) -> None:
    # Given
    intent = asked(api)["id"]
    let_the_time_pass()
    # When
    check()
    # Then
    assert psp.charges() == [("canceled", 0, 0)]
    after = told(api.get(f"{ADDRESS}/{intent}"))
    assert (after["state"], after["decline_reason"], after["next_action"]) == (
        "requires_payment_method",
        "abandoned",
        None,
    )
    assert (void(), Attempt.objects.get().state) == (("abandoned", "succeeded"), "expired")
    event = OutboxEvent.objects.get(type="payment_intent.requires_payment_method")
    assert event.payload["decline_reason"] == "abandoned"
    # When they come with another card
    assert told(confirm(api, intent, {"payment": {"token": "pm_card_visa"}}))["state"] == "succeeded"
    assert_in_order()


def test_a_buyer_has_an_hour_and_is_told_so(api: Api, psp: Psp) -> None:
    before = datetime.now(UTC)
    until = datetime.fromisoformat(asked(api)["next_action"]["expires_at"])
    assert before + timedelta(hours=1) <= until <= datetime.now(UTC) + timedelta(hours=1)
    # When they are looked for before that
    attempt = Attempt.objects.get().uuid
    assert not abandon(attempt_uuid=attempt, now=until - timedelta(seconds=1))
    check()
    # Then
    assert (Void.objects.count(), psp.charges()) == (0, [("requires_action", 0, 0)])
    assert abandon(attempt_uuid=attempt, now=until)
    assert not abandon(attempt_uuid=attempt, now=until)


def test_who_approved_late_has_paid(api: Api, psp: Psp) -> None:
    # Given a buyer who approved after their time, and nobody has told us
    intent = asked(api)
    psp.answer_three_d_secure(intent["next_action"]["url"], "approve")
    let_the_time_pass()
    # When
    check()
    # Then
    assert told(api.get(f"{ADDRESS}/{intent['id']}"))["state"] == "succeeded"
    assert (void(), psp.charges()) == (("abandoned", "failed"), [("succeeded", 1290, 0)])
    assert_in_order()


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
@pytest.mark.parametrize("_round", range(4))
def test_a_buyer_who_approves_while_we_let_go_has_paid_or_has_not(
    api: Api, psp: Psp, capture_method: str, _round: int
) -> None:
    # Given
    intent = asked(api, capture_method=capture_method)
    let_the_time_pass()
    # When
    acts = [lambda: psp.answer_three_d_secure(intent["next_action"]["url"], "approve"), check]
    everyone(2, lambda number: acts[number]())
    check()
    # Then we know of it what the PSP does
    state = told(api.get(f"{ADDRESS}/{intent['id']}"))["state"]
    paid = {"automatic": ("succeeded", 1290), "manual": ("requires_capture", 0)}[capture_method]
    ((status, captured, _),) = psp.charges()
    assert (state, status, captured) in [("requires_payment_method", "canceled", 0), (paid[0], *paid)]
    assert Attempt.objects.count() == 1
    assert_in_order()


@pytest.mark.parametrize("mishap", ["error500", "drop_reply", "reset"])
def test_age_ends_nothing_while_the_psp_does_not_answer(api: Api, psp: Psp, mishap: str) -> None:
    # Given
    asked(api)
    let_the_time_pass()
    psp.http.post("/_simulator/faults", json={"next": [mishap], "next_reads": ["error500"]}).raise_for_status()
    # When
    check()
    # Then
    assert (Attempt.objects.get().state, void()) == ("requires_action", ("abandoned", "pending"))
    # When it answers again
    check()
    assert (PaymentIntent.objects.get().state, void()) == ("requires_payment_method", ("abandoned", "succeeded"))


def test_the_psps_webhook_may_come_before_its_answer(api: Api) -> None:
    asked(api)
    let_the_time_pass()
    attempt = Attempt.objects.get()
    assert abandon(attempt_uuid=attempt.uuid, now=datetime.now(UTC))
    for _ in range(2):
        with transaction():
            settle_attempt(attempt_uuid=attempt.uuid, outcome=Voided(str(attempt.psp_reference)), now=NOW)
    assert (PaymentIntent.objects.get().state, Attempt.objects.get().decline_reason) == (
        "requires_payment_method",
        "abandoned",
    )


def test_who_cancels_what_was_given_up_ends_the_intent(api: Api, psp: Psp) -> None:
    # Given a void that is not at the PSP yet
    intent = asked(api)["id"]
    let_the_time_pass()
    assert abandon(attempt_uuid=Attempt.objects.get().uuid, now=datetime.now(UTC))
    # When
    told(api.post(f"{ADDRESS}/{intent}/cancel"))
    check()
    # Then
    assert (told(api.get(f"{ADDRESS}/{intent}"))["state"], void()) == ("canceled", ("requested", "succeeded"))
    assert psp.charges() == [("canceled", 0, 0)]


def test_checkout_gives_its_buyers_up_by_its_own_time(psp: Psp) -> None:
    pay(open_session(open_shop()), ASKED)
    assert Attempt.objects.get().action_expires_at is None
    check()
    assert (Void.objects.count(), psp.charges()) == (0, [("requires_action", 0, 0)])
