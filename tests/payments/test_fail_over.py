"""A payment goes on to the next PSP after a certain no that may be the PSP's own, and after nothing else."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction
from pytest_django import Settings

from ledger.accounts import open_book
from ledger.money import Money
from payments.ask_psp import charge, look_up
from payments.begin_attempt import Charge, begin_attempt
from payments.models import Attempt, PaymentIntent
from payments.psp.outcomes import Approved, AuthorizeOutcome, Declined, NotSent, RequiresAction, Unknown
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from tests.factories import NOW
from tests.payments.holding import assert_in_order, lines

EUR = Money(1290, "EUR")
SOFT = Declined("r1", reason="insufficient_funds", soft=True)
HARD = Declined("r1", reason="card_declined", soft=False)
UNREACHABLE = NotSent("connection refused")
SILENT = Unknown("time-out")
TAKEN = Approved("r2", captured=True, money=EUR)

pytestmark = pytest.mark.django_db(transaction=True)


class Psps:
    """PSP accounts that answer as they are told, and remember what they were asked."""

    def __init__(self) -> None:
        self.answers: dict[str, AuthorizeOutcome] = {}
        self.asked: list[tuple[str, str]] = []
        self.key_retention = timedelta(hours=1)

    def at(self, *, psp: str, account: str) -> "Psp":
        return Psp(self, f"{psp} {account}")


class Psp:
    """One of them."""

    key_retention = timedelta(hours=1)

    def __init__(self, psps: Psps, name: str) -> None:
        self._psps, self._name = psps, name

    def authorize(self, *, token: str, **_told: object) -> AuthorizeOutcome:
        self._psps.asked.append((self._name, token))
        return self._psps.answers[self._name]

    def retrieve(self, **_told: object) -> AuthorizeOutcome:
        return self._psps.answers[self._name]


@pytest.fixture
def psps(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Psps:
    settings.PSP_ACCOUNTS = {"stripe": {"main": {}}, "adyen": {"main": {}}}
    found = Psps()
    monkeypatch.setattr("payments.ask_psp.get_adapter", found.at)
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return found


def begin() -> UUID:
    tokens = [Token("stripe", "pm_1"), Token("adyen", "ad_1")]
    with transaction():
        return begin_attempt(charge=Charge("shop", "cli_test", "chk_1", EUR, "", tokens), now=NOW)


def attempts() -> list[tuple[str, str]]:
    return list(Attempt.objects.order_by("pk").values_list("psp", "state"))


@pytest.mark.parametrize(("answer", "state"), [(SOFT, "declined"), (UNREACHABLE, "failed_not_sent")])
def test_a_payment_goes_on_to_the_next_psp(psps: Psps, answer: AuthorizeOutcome, state: str) -> None:
    # Given
    psps.answers = {"stripe main": answer, "adyen main": TAKEN}
    # When
    ended = charge(attempt_uuid=begin(), now=NOW)
    # Then
    assert ended == "captured"
    assert attempts() == [("stripe", state), ("adyen", "captured")]
    assert psps.asked == [("stripe main", "pm_1"), ("adyen main", "ad_1")]
    assert PaymentIntent.objects.get().state == "succeeded"
    assert [line[1] for line in lines()] == ["assets:psp:adyen:receivable", "liabilities:orders"]
    assert_in_order()


@pytest.mark.parametrize("answer", [HARD, SILENT, RequiresAction("r1", "https://bank.example")])
def test_nothing_else_hands_a_payment_on(psps: Psps, answer: AuthorizeOutcome) -> None:
    psps.answers = {"stripe main": answer, "adyen main": TAKEN}
    charge(attempt_uuid=begin(), now=NOW)
    assert psps.asked == [("stripe main", "pm_1")]
    assert len(attempts()) == 1


def test_the_last_psps_no_is_the_buyers_answer(psps: Psps) -> None:
    psps.answers = {"stripe main": UNREACHABLE, "adyen main": SOFT}
    assert charge(attempt_uuid=begin(), now=NOW) == "declined"
    assert attempts() == [("stripe", "failed_not_sent"), ("adyen", "declined")]
    assert PaymentIntent.objects.get().state == "requires_payment_method"


def test_what_was_in_doubt_is_not_handed_on_once_it_is_declined(psps: Psps) -> None:
    # Given
    psps.answers = {"stripe main": SILENT, "adyen main": TAKEN}
    attempt = begin()
    charge(attempt_uuid=attempt, now=NOW)
    # When the look-up finds that the bank had said no
    psps.answers["stripe main"] = SOFT
    look_up(attempt_uuid=attempt, now=NOW)
    # Then
    assert attempts() == [("stripe", "declined")]
    assert psps.asked == [("stripe main", "pm_1")]


def test_money_that_the_first_psp_took_after_all_goes_back(psps: Psps) -> None:
    # Given a payment that went on to the next PSP
    psps.answers = {"stripe main": SOFT, "adyen main": TAKEN}
    first = begin()
    charge(attempt_uuid=first, now=NOW)
    # When the first one's webhook comes late
    with transaction():
        settle_attempt(attempt_uuid=first, outcome=Approved("r1", captured=True, money=EUR), now=NOW)
    # Then
    assert attempts() == [("stripe", "surplus"), ("adyen", "captured")]
    assert Attempt.objects.get(state="surplus").refunds.get().amount_minor == 1290
    assert PaymentIntent.objects.get().state == "succeeded"


def test_a_crash_after_the_first_psps_no_leaves_an_attempt_that_the_sweeper_finds(psps: Psps) -> None:
    # Given
    psps.answers = {"stripe main": SOFT, "adyen main": TAKEN}
    first = begin()
    with transaction():
        settle_attempt(attempt_uuid=first, outcome=SOFT, now=NOW)
    second = Attempt.objects.get(state="submitted")
    assert (second.psp, second.next_check_at) == ("adyen", NOW + timedelta(seconds=30))
    # When
    look_up(attempt_uuid=second.uuid, now=NOW)
    # Then
    assert attempts() == [("stripe", "declined"), ("adyen", "captured")]


def test_an_attempt_is_handed_on_once(psps: Psps) -> None:
    psps.answers = {"stripe main": SOFT, "adyen main": SOFT}
    charge(attempt_uuid=begin(), now=NOW)
    first, second = Attempt.objects.order_by("pk")
    assert second.failed_over_from == first
    second.pk, second.uuid, second.state = None, uuid4(), "declined"
    with pytest.raises(IntegrityError, match="failed_over_from"):
        second.save(force_insert=True)
