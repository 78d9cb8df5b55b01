"""An authorisation runs out when the PSP says so, and whoever waits with the capture is told before."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from exactly_once.models import OutboxEvent
from exactly_once.webhook_owners import owners_of
from ledger import queries as ledger
from payments.capture import send_capture
from payments.expiry import WARN_BEFORE, warn_of_expiry
from payments.models import Attempt, Capture, PaymentIntent
from payments.psp.outcomes import Approved
from payments.psp.stripe_objects import payment_outcome
from payments.queries import intent_for_client
from payments.tasks import check_attempt
from tests.concurrency.crowd import everyone
from tests.factories import NOW
from tests.payments.holding import (
    EUR,
    RECEIVABLE,
    ask,
    assert_in_order,
    begin,
    hold,
    news,
    reference,
    states,
)
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

LONG_AGO = NOW.replace(year=2020)
UNTIL = NOW + timedelta(days=5)
SILENT, TELLING = (Approved("pi_1", captured=False, money=EUR, expires_at=until) for until in (None, UNTIL))


def shown() -> str | None:
    """Return what the API says."""
    body = intent_for_client(intent_id=PaymentIntent.objects.get().public_id, client=None)
    until = body["authorization_expires_at"]
    assert until is None or isinstance(until, str)
    return until


def test_it_is_shown_until_when_a_hold_can_be_captured_as_the_psp_says() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    hold()
    until = Attempt.objects.get().authorization_expires_at
    assert until is not None
    assert before <= until - timedelta(days=7) <= datetime.now(UTC)
    assert shown() == until.isoformat().replace("+00:00", "Z")
    # When it is captured, nothing runs out any more
    news(Attempt.objects.get().uuid, Approved(reference(), captured=True, money=EUR))
    assert shown() is None


def test_where_the_psp_does_not_say_a_hold_is_taken_to_last_a_week() -> None:
    news(begin(), SILENT)
    assert shown() == "2026-11-30T12:00:00Z"


@pytest.mark.parametrize("order", list(itertools.permutations([SILENT, TELLING])))
def test_whatever_news_comes_first_the_psps_word_counts(order: tuple[Approved, ...]) -> None:
    attempt = begin()
    for outcome in (*order, *order):
        news(attempt, outcome)
    assert Attempt.objects.get().authorization_expires_at == UNTIL


@pytest.mark.parametrize("charge", ["ch_1", None, {}, {"payment_method_details": None}, {"payment_method_details": {}}])
def test_a_charge_that_does_not_say_is_read_all_the_same(charge: object) -> None:
    intent = {"id": "pi_1", "status": "requires_capture", "amount_capturable": 1290, "currency": "eur"}
    assert payment_outcome({**intent, "latest_charge": charge}) == SILENT
    card = {"card": {"capture_before": int(UNTIL.timestamp())}}
    assert payment_outcome({**intent, "latest_charge": {"payment_method_details": card}}) == TELLING


def test_of_many_who_see_that_it_runs_out_one_tells() -> None:
    # Given
    attempt = begin()
    news(attempt, TELLING)
    assert not warn_of_expiry(attempt_uuid=attempt, now=UNTIL - WARN_BEFORE - timedelta(seconds=1))
    # When
    told = everyone(4, lambda _: warn_of_expiry(attempt_uuid=attempt, now=UNTIL - WARN_BEFORE))
    # Then
    assert sorted(told) == [False, False, False, True]
    event = OutboxEvent.objects.get(aggregatetype="authorization")
    assert (event.type, event.payload["expires_at"]) == ("authorization.expiring", "2026-11-28T12:00:00+00:00")
    assert owners_of(event_ids=[event.pk]) == {event.pk: "cli_test"}


def test_what_is_taken_or_let_go_of_is_not_warned_of() -> None:
    attempt = begin()
    news(attempt, TELLING)
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    assert not warn_of_expiry(attempt_uuid=attempt, now=UNTIL)


def test_a_hold_that_nobody_captures_ends_when_the_psp_lets_go_of_it(psp: Psp) -> None:
    # Given
    attempt = hold()
    psp.http.post("/_simulator/clock", json={"advance_seconds": 7 * 24 * 3600}).raise_for_status()
    # When it is looked at
    Attempt.objects.update(next_check_at=LONG_AGO)
    check_attempt(str(attempt))
    # Then another attempt may follow
    assert (states(), psp.charges()) == (("requires_payment_method", "expired", 0), [("canceled", 0, 0)])
    assert Attempt.objects.get().decline_reason == "payment_expired"
    assert ledger.balance(book="shop", account=RECEIVABLE, currency="EUR").pending_debits_minor == 0
    assert_in_order()


def test_a_capture_that_comes_too_late_fails(psp: Psp) -> None:
    hold()
    psp.http.post("/_simulator/clock", json={"advance_seconds": 7 * 24 * 3600}).raise_for_status()
    # When
    send_capture(capture_uuid=ask(), now=NOW)
    # Then
    assert (Capture.objects.get().state, psp.charges()) == ("failed", [("canceled", 0, 0)])
