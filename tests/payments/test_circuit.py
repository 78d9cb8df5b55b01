"""An account that fails too often is left alone, tried with one payment, and then used again."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction
from pytest_django import Settings

from ledger.accounts import open_book
from ledger.money import Money
from payments import circuit
from payments.begin_attempt import Charge, begin_attempt
from payments.choose_route import dry_run
from payments.circuit import note_call
from payments.errors import PspUnavailable
from payments.models import Attempt, PspCircuit
from payments.psp.outcomes import Approved, AuthorizeOutcome, Declined, NotSent, Unknown
from payments.routing import Purchase, Token
from payments.settle_attempt import settle_attempt
from tests.concurrency.crowd import everyone
from tests.factories import NOW

EUR = Money(1290, "EUR")
SILENT, UNREACHABLE = Unknown("time-out"), NotSent("refused")
NO = Declined(None, reason="card_declined", soft=False)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def accounts(settings: Settings) -> None:
    settings.PSP_ACCOUNTS = {"stripe": {"main": {}}, "adyen": {"main": {}}}
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)


def begin(at: datetime = NOW, psps: tuple[str, ...] = ("stripe",)) -> UUID:
    tokens = [Token(psp, "t_1") for psp in psps]
    with transaction():
        return begin_attempt(charge=Charge("shop", "cli_test", f"chk_{uuid4()}", EUR, "", tokens), now=at)


def ends(attempt: UUID, outcome: AuthorizeOutcome, at: datetime = NOW) -> None:
    note_call(attempt=Attempt.objects.get(uuid=attempt), outcome=outcome, now=at)
    with transaction():
        settle_attempt(attempt_uuid=attempt, outcome=outcome, now=at)


def ask(outcome: AuthorizeOutcome, at: datetime = NOW, times: int = 1) -> None:
    for _ in range(times):
        ends(begin(at), outcome, at)


def approve(attempt: UUID, at: datetime) -> None:
    ends(attempt, Approved(f"r_{uuid4()}", captured=True, money=EUR), at)


def state() -> str | None:
    return PspCircuit.objects.values_list("state", flat=True).first()


def seconds(count: float) -> datetime:
    return NOW + timedelta(seconds=count)


@pytest.mark.parametrize("failure", [SILENT, UNREACHABLE])
def test_five_failures_in_a_minute_open_it(failure: AuthorizeOutcome) -> None:
    ask(failure, times=4)
    assert state() == "closed"
    ask(failure)
    assert state() == "open"
    with pytest.raises(PspUnavailable) as refused:
        begin(seconds(10))
    assert refused.value.retry_after_seconds == 20
    assert Attempt.objects.count() == 5


def test_declines_are_answers() -> None:
    ask(NO, times=20)
    assert state() is None


def test_failures_among_many_answers_do_not_open_it() -> None:
    ask(NO, times=6)
    ask(SILENT, times=5)
    assert state() == "closed"  # 5 of 11
    ask(SILENT)
    assert state() == "open"  # 6 of 12


def test_failures_of_a_minute_ago_do_not_count() -> None:
    ask(SILENT, times=4)
    ask(SILENT, seconds(61), times=4)
    assert state() == "closed"


def test_what_an_open_account_would_take_goes_to_the_next_psp() -> None:
    ask(SILENT, times=5)
    attempt = begin(seconds(1), psps=("stripe", "adyen"))
    assert Attempt.objects.get(uuid=attempt).psp == "adyen"


def test_one_payment_tries_it_and_its_success_closes_it() -> None:
    # Given
    ask(SILENT, times=5)
    # When
    probe = begin(seconds(30))
    # Then nobody else goes there, until it has answered
    assert state() == "half_open"
    with pytest.raises(PspUnavailable):
        begin(seconds(31))
    approve(probe, seconds(32))
    assert state() == "closed"
    ask(SILENT, seconds(33))
    assert state() == "closed"  # what failed before does not count any more


def test_a_probe_that_fails_keeps_it_open_for_longer() -> None:
    ask(SILENT, times=5)
    ends(begin(seconds(30)), SILENT, seconds(30))
    assert state() == "open"
    with pytest.raises(PspUnavailable) as refused:
        begin(seconds(31))
    assert refused.value.retry_after_seconds == 59  # a minute instead of half a one


def test_a_probe_that_died_is_followed_by_another() -> None:
    ask(SILENT, times=5)
    begin(seconds(30))
    begin(seconds(60))
    assert Attempt.objects.filter(is_probe=True).count() == 2


def test_of_many_at_once_one_tries_it() -> None:
    # Given
    ask(SILENT, times=5)

    def try_it(_number: int) -> str:
        try:
            return str(begin(seconds(40)))
        except PspUnavailable:
            return "refused"

    # When
    answers = everyone(8, try_it)
    # Then
    assert answers.count("refused") == 7
    assert Attempt.objects.filter(is_probe=True).count() == 1


def test_many_failures_at_once_open_it_once() -> None:
    attempts = [begin() for _ in range(8)]
    everyone(8, lambda number: ends(attempts[number], SILENT))
    opened = PspCircuit.objects.get()
    assert (opened.state, opened.trips) == ("open", 1)
    assert opened.reason.endswith("calls failed in 60 s")


def test_a_person_may_close_it() -> None:
    ask(SILENT, times=5)
    with transaction():
        assert circuit.reset(circuit_id=PspCircuit.objects.get().pk, now=seconds(1)) is True
        assert circuit.reset(circuit_id=PspCircuit.objects.get().pk, now=seconds(1)) is False
    begin(seconds(1))


def test_a_dry_run_takes_no_probe() -> None:
    ask(SILENT, times=5)
    tokens = [Token("stripe", "t_1")]
    shut = dry_run(purchase=Purchase("pi_1", EUR), tokens=tokens, now=seconds(1))
    assert [each.why for each in shut.considered] == ["its circuit is open"]
    due = dry_run(purchase=Purchase("pi_1", EUR), tokens=tokens, now=seconds(40))
    assert [route.psp for route in due.routes] == ["stripe"]
    assert state() == "open"


def test_an_open_circuit_says_until_when() -> None:
    with pytest.raises(IntegrityError, match="payment_circuit_open_until"):
        PspCircuit.objects.create(psp="stripe", psp_account="main", state="open", counted_since=NOW)
