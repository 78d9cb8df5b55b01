"""A PSP whose captures, voids and refunds end by webhook, and that has no look-up: from the verbs to the books."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django_subatomic.db import transaction

from ledger.money import Money
from payments.ask_psp import charge, look_up
from payments.capture import send_capture
from payments.models import Attempt, Capture, Dispute, Refund, Void
from payments.refund import request_refund, send_refund
from payments.states import AttemptState
from payments.void import request_void, send_void
from tests.factories import NOW
from tests.notifications import Mail, mail_of
from tests.payments.holding import ORDER, ask, assert_in_order, begin, lines, reference, states
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

RECEIVABLE = "assets:psp:adyen:receivable"


@pytest.fixture
def mail(psp: Psp) -> Iterator[Mail]:
    with mail_of(psp) as mail:
        yield mail


def hold(card: str = "pays", *, captures_at_once: bool = False) -> UUID:
    attempt = begin(token=f"shopper-1.{card}", psp="adyen", captures_at_once=captures_at_once)
    expected = AttemptState.CAPTURED if captures_at_once else AttemptState.AUTHORIZED
    assert charge(attempt_uuid=attempt, now=NOW) == expected
    return attempt


def take(minor: int, *, final: bool) -> None:
    send_capture(capture_uuid=ask(minor, final=final), now=NOW)


def taken() -> list[tuple[str, int]]:
    return [(side, minor) for kind, account, side, minor in lines() if account == RECEIVABLE and "captured" in kind]


def test_a_payment_is_taken_at_once_and_its_webhook_is_no_news(psp: Psp, mail: Mail) -> None:
    hold(captures_at_once=True)
    assert states() == ("succeeded", "captured", 1290)
    assert mail.deliver(times=2) == 1
    assert (mail.unprocessed(), psp.charges()) == ([], [("authorised", 1290, 0)])
    assert taken() == [("PD", 1290)]
    assert_in_order()


def test_an_authorisation_is_taken_in_several_parts(psp: Psp, mail: Mail) -> None:
    # Given
    hold()
    # When it is taken part by part, each known to be when the webhook says so
    for minor, final, before, after in ((900, False, 0, 900), (300, False, 900, 1200), (90, True, 1200, 1290)):
        take(minor, final=final)
        assert states()[2] == before
        mail.deliver(times=2)
        assert states()[2] == after
    # Then
    assert states() == ("succeeded", "captured", 1290)
    assert [minor for side, minor in taken() if side == "PD"] == [900, 300, 90]
    assert len(set(Capture.objects.values_list("psp_reference", flat=True))) == 3
    assert (psp.charges(), mail.unprocessed()) == ([("authorised", 1290, 0)], [])
    assert_in_order()


def test_a_capture_that_fails_leaves_the_hold(psp: Psp, mail: Mail) -> None:
    hold("captureFails")
    take(900, final=False)
    mail.deliver()
    assert states() == ("requires_capture", "authorized", 0)
    assert Capture.objects.get().failure_reason == "Insufficient balance on payment"
    assert_in_order()


def test_what_is_left_after_a_part_is_let_go_of(psp: Psp, mail: Mail) -> None:
    # Given
    attempt = hold()
    take(900, final=False)
    mail.deliver()
    # When
    with transaction():
        request_void(order_reference=ORDER, now=NOW)
    send_void(attempt_uuid=attempt, now=NOW)
    assert states() == ("requires_capture", "authorized", 900)
    mail.deliver()
    # Then
    assert states() == ("succeeded", "captured", 900)
    assert Void.objects.get().state == "succeeded"
    assert_in_order()


def test_an_authorisation_is_let_go_of_when_the_webhook_says_so(psp: Psp, mail: Mail) -> None:
    attempt = hold()
    with transaction():
        request_void(order_reference=ORDER, now=NOW)
    send_void(attempt_uuid=attempt, now=NOW)
    assert look_up(attempt_uuid=attempt, now=NOW) == "authorized"
    mail.deliver(times=2)
    assert states() == ("canceled", "voided", 0)
    assert psp.charges() == [("cancelled", 0, 0)]
    assert_in_order()


@pytest.mark.parametrize("mishap", ["drop_reply", "error500_after", "reset"])
def test_an_answer_that_is_lost_is_told_by_the_webhook_or_the_same_key(psp: Psp, mail: Mail, mishap: str) -> None:
    # Given
    psp.http.post("/_simulator/faults", json={"next": [mishap]}).raise_for_status()
    attempt = begin(token="shopper-1.pays", psp="adyen", captures_at_once=True)
    assert charge(attempt_uuid=attempt, now=NOW) == "unknown"
    # When
    if mishap == "error500_after":
        # Adyen keeps that answer: only its webhook tells
        assert look_up(attempt_uuid=attempt, now=NOW) == "unknown"
        mail.deliver()
    else:
        look_up(attempt_uuid=attempt, now=NOW)
    # Then
    assert states() == ("succeeded", "captured", 1290)
    mail.deliver()
    assert (psp.charges(), mail.unprocessed()) == ([("authorised", 1290, 0)], [])
    assert_in_order()


def test_nobody_is_asked_again_once_adyen_may_have_forgotten_the_key(psp: Psp) -> None:
    psp.http.post("/_simulator/faults", json={"next": ["drop_reply"]}).raise_for_status()
    attempt = begin(token="shopper-1.pays", psp="adyen")
    charge(attempt_uuid=attempt, now=NOW)
    requests = psp.requests()
    assert look_up(attempt_uuid=attempt, now=NOW + timedelta(days=7)) == "unknown"
    assert psp.requests() == requests


@pytest.mark.parametrize(("card", "state", "left"), [("pays", "succeeded", 290), ("refundRefused", "failed", 0)])
def test_a_refund_ends_when_the_webhook_says_so(psp: Psp, mail: Mail, card: str, state: str, left: int) -> None:
    # Given
    hold(card, captures_at_once=True)
    # When
    refund = _ask_back(290)
    send_refund(refund_uuid=refund.uuid, now=NOW)
    assert Refund.objects.get().state == "pending"
    mail.deliver(times=2)
    # Then
    assert (Refund.objects.get().state, Attempt.objects.get().refunded_minor) == (state, left)
    assert psp.charges() == [("authorised", 1290, left)]
    assert_in_order()


def test_a_refund_that_comes_back_has_failed(psp: Psp, mail: Mail) -> None:
    hold("refundFails", captures_at_once=True)
    refund = _ask_back(290)
    send_refund(refund_uuid=refund.uuid, now=NOW)
    mail.deliver()
    assert Refund.objects.get().state == "succeeded"
    psp.http.post("/_simulator/clock", json={"advance_seconds": 31}).raise_for_status()
    mail.deliver()
    assert (Refund.objects.get().state, Attempt.objects.get().refunded_minor) == ("failed", 0)
    assert (psp.charges(), mail.unprocessed()) == ([("authorised", 1290, 0)], [])
    assert_in_order()


def _ask_back(minor: int) -> Refund:
    with transaction():
        request_refund(order_reference=ORDER, money=Money(minor, "EUR"), reason="duplicate", now=NOW)
    return Refund.objects.get()


@pytest.mark.parametrize(
    ("events", "state", "disputed"),
    [
        (["REQUEST_FOR_INFORMATION"], "warning_needs_response", 0),
        (["NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"], "needs_response", 1290),
        (["NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK", "INFORMATION_SUPPLIED"], "needs_response", 1290),
        (["NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK", "CHARGEBACK_REVERSED"], "won", 0),
        (["CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"], "lost", 1290),
        (["CHARGEBACK", "CHARGEBACK_REVERSED", "PREARBITRATION_LOST"], "lost", 1290),
    ],
)
def test_a_chargeback_is_followed_to_its_end(
    psp: Psp, mail: Mail, events: list[str], state: str, disputed: int
) -> None:
    # Given
    hold(captures_at_once=True)
    # When
    dispute = None
    for event in events:
        told = {"payment": reference(), "event": event, **({"id": dispute} if dispute else {})}
        told["defense_period_ends_at"] = "2030-01-02T12:00:00+01:00"
        answer = psp.http.post("/_simulator/adyen/disputes", json=told).raise_for_status()
        dispute = answer.json()["id"]
        mail.deliver()
    # Then
    row = Dispute.objects.get()
    assert (row.state, row.psp_reference, row.amount_minor) == (state, dispute, 1290)
    assert row.evidence_due_at is not None
    assert row.evidence_due_at.isoformat() == "2030-01-02T11:00:00+00:00"
    assert (Attempt.objects.get().disputed_minor, mail.unprocessed()) == (disputed, [])
    assert_in_order()


def test_several_items_in_one_webhook_have_their_effects_together(psp: Psp, mail: Mail) -> None:
    # Given what happened while nothing was sent, put together in one webhook
    psp.http.post("/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()
    psp.http.post("/_simulator/faults", json={"webhook_batch": 1.0}).raise_for_status()
    hold()
    take(900, final=False)
    # When
    psp.http.post("/_simulator/webhooks", json={"mode": "live"}).raise_for_status()
    # Then
    assert mail.deliver(times=2) == 1
    assert states() == ("requires_capture", "authorized", 900)
    assert mail.unprocessed() == []
