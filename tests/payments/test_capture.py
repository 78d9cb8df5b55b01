"""An authorisation is taken, wholly or in parts, once; whatever is not taken is let go of, on our side too."""

import itertools
from uuid import UUID

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger.money import Money
from payments.capture import request_capture, send_capture, settle_capture
from payments.errors import PaymentRefused
from payments.models import Attempt, Capture
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CaptureOutcome,
    CapturePending,
    CaptureSucceeded,
    NotSent,
    Unknown,
    Voided,
)
from payments.sweep import due_captures
from payments.tasks import take
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.holding import EUR, ORDER, RECEIVABLE, ask, assert_in_order, hold, lines, news, reference, states
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

HELD = [("payment.authorized", RECEIVABLE, "HD", 1290), ("payment.authorized", "liabilities:orders", "HC", 1290)]


def settle(capture: UUID, outcome: CaptureOutcome) -> str:
    with transaction():
        return str(settle_capture(capture_uuid=capture, outcome=outcome, now=NOW))


def test_an_authorisation_is_held_in_the_books_and_on_no_balance(psp: Psp) -> None:
    hold()

    assert states() == ("requires_capture", "authorized", 0)
    assert lines() == HELD
    assert psp.charges() == [("requires_capture", 0, 0)]
    assert_in_order()


def test_a_capture_settles_the_hold(psp: Psp) -> None:
    # Given
    hold()
    # When
    send_capture(capture_uuid=ask(), now=NOW)
    # Then
    assert states() == ("succeeded", "captured", 1290)
    assert lines()[2:] == [
        ("payment.captured", RECEIVABLE, "PD", 1290),
        ("payment.captured", "liabilities:orders", "PC", 1290),
        ("payment.captured", RECEIVABLE, "RD", 1290),
        ("payment.captured", "liabilities:orders", "RC", 1290),
    ]
    assert psp.charges() == [("succeeded", 1290, 0)]
    assert {"capture.succeeded", "payment_intent.succeeded"} <= set(OutboxEvent.objects.values_list("type", flat=True))
    assert_in_order()


def test_part_of_it_is_taken_and_the_rest_let_go_of(psp: Psp) -> None:
    hold()
    send_capture(capture_uuid=ask(1000), now=NOW)
    assert states() == ("succeeded", "captured", 1000)
    assert psp.charges() == [("succeeded", 1000, 0)]
    assert lines()[-2:] == [
        ("payment.captured", RECEIVABLE, "RD", 1290),
        ("payment.captured", "liabilities:orders", "RC", 1290),
    ]
    assert_in_order()


def test_it_is_taken_in_parts_where_the_psp_does_that() -> None:
    # Given
    attempt = hold()
    # When two parts are taken and the rest is let go of at the PSP
    for minor in (500, 300):
        settle(ask(minor, final=False), CaptureSucceeded(f"cap_{minor}", Money(minor, "EUR")))
    parts = states()
    assert_in_order()
    news(attempt, Voided(reference()))
    # Then
    assert parts == ("requires_capture", "authorized", 800)
    assert states() == ("succeeded", "captured", 800)
    assert [(kind, side, minor) for kind, account, side, minor in lines()[2:] if account == RECEIVABLE] == [
        ("payment.captured", "PD", 500),
        ("payment.captured", "RD", 500),
        ("payment.captured", "PD", 300),
        ("payment.captured", "RD", 300),
        ("payment.voided", "RD", 490),
    ]
    assert_in_order()


@pytest.mark.parametrize("mishap", ["drop_reply", "reset", "error500_after", "rate_limit"])
def test_a_capture_whose_reply_is_lost_is_made_once(psp: Psp, mishap: str) -> None:
    # Given
    hold()
    capture = ask(1000)
    psp.http.post("/_simulator/faults", json={"next": [mishap]}).raise_for_status()
    # When
    send_capture(capture_uuid=capture, now=NOW)
    assert Capture.objects.get().state == "pending"
    if mishap == "error500_after":
        # The stored answer stays a 500: only a look-up tells.
        news(Attempt.objects.get().uuid, Approved(reference(), captured=True, money=Money(1000, "EUR")))
    send_capture(capture_uuid=capture, now=NOW)
    # Then
    assert states() == ("succeeded", "captured", 1000)
    assert psp.charges() == [("succeeded", 1000, 0)]
    assert_in_order()


def _capture_news() -> list[object]:
    part = Money(1000, "EUR")
    return [
        CapturePending("cap_1"),
        CaptureSucceeded("cap_1", part),
        Approved("", captured=True, money=part),
        Approved("", captured=False, money=EUR),
        NotSent("refused"),
        Unknown("time-out"),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(6), 2)))
def test_news_of_a_capture_in_any_order_and_twice_posts_it_once(order: tuple[int, ...]) -> None:
    # Given
    attempt, told = hold(), _capture_news()
    capture = ask(1000)
    # When all news comes, in the end the one that tells
    for which in (*order, *order, 1):
        outcome = told[which]
        if isinstance(outcome, Approved):
            news(attempt, Approved(reference(), outcome.captured, outcome.money))
        else:
            settle(capture, outcome)  # type: ignore[arg-type]  # the rest are outcomes of captures
    # Then
    assert states() == ("succeeded", "captured", 1000)
    assert [line for line in lines() if line[2] == "PD"] == [("payment.captured", RECEIVABLE, "PD", 1000)]
    assert OutboxEvent.objects.filter(type="capture.succeeded").count() == 1
    assert_in_order()


def test_of_twenty_who_capture_at_once_one_does() -> None:
    hold()
    results = crowd(20, lambda _: ask())
    refused = [result.code for result in results if isinstance(result, PaymentRefused)]
    assert (len(refused), set(refused)) == (19, {"capture_in_progress"})
    assert Capture.objects.count() == 1


def test_twenty_messengers_of_one_capture_post_it_once() -> None:
    hold()
    capture = ask()
    results = crowd(20, lambda _: settle(capture, CaptureSucceeded("cap_1", EUR)))
    assert results == ["succeeded"] * 20
    assert len([line for line in lines() if line[2] == "PD"]) == 1


def test_a_refused_capture_leaves_the_hold_to_another() -> None:
    hold()
    assert settle(ask(), CaptureFailed(None, reason="processing_error")) == "failed"
    assert states() == ("requires_capture", "authorized", 0)
    assert settle(ask(), CaptureSucceeded("cap_2", EUR)) == "succeeded"
    assert states() == ("succeeded", "captured", 1290)


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (1291, "EUR", "capture_exceeds_authorization"),
        (0, "EUR", "capture_exceeds_authorization"),
        (100, "USD", "currency_mismatch"),
    ],
)
def test_what_cannot_be_captured_is_refused_and_changes_nothing(minor: int, currency: str, code: str) -> None:
    hold()
    with pytest.raises(PaymentRefused) as refusal, transaction():
        request_capture(order_reference=ORDER, money=Money(minor, currency), final=True, now=NOW)
    assert refusal.value.code == code
    assert Capture.objects.count() == 0


def test_a_capture_of_another_sum_than_asked_is_for_people() -> None:
    hold()
    capture = ask(1000)
    with pytest.raises(PaymentRefused) as refusal:
        settle(capture, CaptureSucceeded("cap_1", Money(999, "EUR")))
    assert refusal.value.code == "contradictory_outcome"
    assert lines() == HELD


def test_what_somebody_captured_at_the_psp_is_booked() -> None:
    attempt = hold()
    assert news(attempt, Approved(reference(), captured=True, money=Money(900, "EUR"))) == "captured"
    assert states() == ("succeeded", "captured", 900)
    assert_in_order()


def test_a_crowd_of_wake_ups_sends_what_nobody_sent_once(psp: Psp) -> None:
    hold()
    uuid = ask()
    Capture.objects.update(next_check_at=NOW.replace(year=2020))
    before = psp.requests()
    assert due_captures(now=NOW, limit=10) == [uuid]
    crowd(4, lambda _: take(str(uuid)))
    assert psp.requests() - before == 1
    assert psp.charges() == [("succeeded", 1290, 0)]
    assert Capture.objects.get().state == "succeeded"


@pytest.mark.parametrize("change", [{"amount_minor": 1291}, {"currency": "USD"}])
def test_the_database_holds_captures_to_what_their_attempt_counts(change: dict[str, object]) -> None:
    hold()
    ask()
    with pytest.raises(IntegrityError, match="not counted by its attempt"):
        Capture.objects.update(**change)


def test_the_database_takes_no_capture_that_its_attempt_has_not_counted() -> None:
    hold()
    ask()
    with pytest.raises(IntegrityError, match="not counted by its attempt"):
        Capture.objects.update(state="succeeded")
