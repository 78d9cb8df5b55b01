"""News about an attempt, in any order and any number, has its effect once."""

import itertools
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger.accounts import open_book
from ledger.models import Entry
from ledger.money import Money
from payments.begin_attempt import Charge, begin_attempt
from payments.errors import PaymentRefused
from payments.models import Attempt, PaymentIntent
from payments.psp.outcomes import Approved, AuthorizeOutcome, Declined, NotSent, RequiresAction, Unknown, Voided
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.sweep import due_attempts
from tests.concurrency.crowd import crowd
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

EUR = Money(1290, "EUR")
CAPTURED = Approved("pi_1", captured=True, money=EUR)
ASKS = RequiresAction("pi_1", redirect_url="https://bank.example/3ds")
UNKNOWN = Unknown("time-out")
DECLINED = Declined("pi_1", reason="do_not_honor", soft=True)


@pytest.fixture
def attempt() -> UUID:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
        return _begin()


def _begin() -> UUID:
    charge = Charge(
        book="shop",
        client="cli_test",
        order_reference="chk_1",
        money=EUR,
        description="",
        tokens=[Token("stripe", "pm_card_visa")],
    )
    return begin_attempt(charge=charge, now=NOW)


def _settle(attempt: UUID, outcome: AuthorizeOutcome | Voided) -> str:
    with transaction():
        return str(settle_attempt(attempt_uuid=attempt, outcome=outcome, now=NOW))


@pytest.mark.parametrize("order", list(itertools.permutations([UNKNOWN, ASKS, CAPTURED])))
def test_a_capture_is_posted_once_in_every_order(attempt: UUID, order: tuple[AuthorizeOutcome, ...]) -> None:
    for outcome in (*order, *order):
        _settle(attempt, outcome)
    assert Attempt.objects.get().state == "captured"
    assert PaymentIntent.objects.get().state == "succeeded"
    assert Entry.objects.count() == 2
    assert OutboxEvent.objects.filter(type="payment_intent.succeeded").count() == 1


def test_twenty_messengers_of_one_capture_post_it_once(attempt: UUID) -> None:
    results = crowd(20, lambda _: _settle(attempt, CAPTURED))
    assert results == ["captured"] * 20
    assert Entry.objects.count() == 2
    assert OutboxEvent.objects.filter(type="payment_intent.succeeded").count() == 1


@pytest.mark.parametrize("news", [Declined("pi_2", reason="card_declined", soft=False), Voided("pi_2")])
def test_the_end_of_another_payment_ends_nothing(attempt: UUID, news: AuthorizeOutcome | Voided) -> None:
    # Given a buyer who may still approve pi_1, and a second payment under the same attempt
    _settle(attempt, ASKS)
    with pytest.raises(PaymentRefused):
        _settle(attempt, news)
    assert _settle(attempt, CAPTURED) == "captured"


@pytest.mark.parametrize("outcome", [UNKNOWN, ASKS, Approved("pi_1", captured=False, money=EUR)])
def test_what_can_still_change_is_looked_at_again(attempt: UUID, outcome: AuthorizeOutcome) -> None:
    _settle(attempt, outcome)
    assert due_attempts(now=NOW + timedelta(minutes=1), limit=2) == [attempt]
    _settle(attempt, CAPTURED)
    assert due_attempts(now=NOW + timedelta(minutes=1), limit=2) == []


def test_not_sent_is_believed_only_from_the_first_who_asked(attempt: UUID) -> None:
    Attempt.objects.update(checks=1)
    assert _settle(attempt, NotSent("refused")) == "unknown"
    assert PaymentIntent.objects.get().state == "processing"


@pytest.mark.parametrize("outcome", [UNKNOWN, ASKS, CAPTURED])
def test_a_second_live_attempt_is_refused_by_the_database(attempt: UUID, outcome: AuthorizeOutcome) -> None:
    # Given an attempt that may still cost money
    _settle(attempt, outcome)
    with pytest.raises(PaymentRefused), transaction():
        _begin()
    # When somebody writes past the code
    first = Attempt.objects.get()
    second = Attempt(
        intent=first.intent,
        psp="other",
        psp_account="main",
        token="t",
        amount_minor=1,
        currency="EUR",
        submitted_at=NOW,
    )
    # Then
    with pytest.raises(IntegrityError, match="payment_attempt_one_live_per_intent"):
        second.save()


def test_after_a_decline_another_attempt_may_follow(attempt: UUID) -> None:
    _settle(attempt, DECLINED)
    with transaction():
        second = _begin()
    _settle(second, Approved("pi_2", captured=True, money=EUR))
    assert list(Attempt.objects.order_by("pk").values_list("state", flat=True)) == ["declined", "captured"]
    assert PaymentIntent.objects.get().state == "succeeded"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"refunded_minor": 1291}, "payment_attempt_refunds_within_capture"),
        ({"captured_minor": 1291}, "payment_attempt_refunds_within_capture"),
        ({"captured_minor": 0}, "payment_attempt_captured_means_captured"),
        ({"state": "declined"}, "payment_attempt_captured_means_captured"),
        ({"state": "paid", "captured_minor": 0, "refunded_minor": 0}, "payment_attempt_state_known"),
        ({"amount_minor": 0}, "payment_attempt_amount_positive"),
    ],
)
def test_the_database_holds_the_money_rules(attempt: UUID, change: dict[str, object], constraint: str) -> None:
    _settle(attempt, CAPTURED)
    with pytest.raises(IntegrityError) as refusal:
        Attempt.objects.update(**change)
    diagnosis = getattr(refusal.value.__cause__, "diag", None)
    assert getattr(diagnosis, "constraint_name", None) == constraint
