"""What the PSP says after two people have decided, and what denies it, is seen by people, and never absorbed."""

import pytest

from ledger.models import Entry
from ledger.money import Money
from payments.judge_news import AttemptNews
from payments.models import Attempt, Break, PaymentIntent, Refund, Void
from payments.psp.outcomes import Approved, Declined, Expired, RequiresAction, Unknown, Voided
from tests.payments.deciding import breaks, claim, decided, doubtful
from tests.payments.findings import balances
from tests.payments.holding import EUR, ask, assert_in_order, begin, news, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

TAKEN = Approved("pi_1", captured=True, money=EUR)
HELD = Approved("pi_1", captured=False, money=EUR)
MORE = Approved("pi_1", captured=True, money=Money(1291, "EUR"))
NO = Declined("pi_1", reason="card_declined", soft=False)
ASKS = RequiresAction("pi_1", redirect_url="https://bank.example")


@pytest.mark.parametrize(
    "denial", [NO, Declined(None, reason="x", soft=True), Voided("pi_1"), Expired("pi_1"), Voided("pi_2")]
)
def test_a_capture_that_was_decided_and_is_denied_opens_a_break(denial: AttemptNews) -> None:
    # Given
    attempt = doubtful()
    decided(attempt, claim("captured"))
    before = list(Attempt.objects.values()), list(PaymentIntent.objects.values()), Entry.objects.count()
    # When it is denied, twice
    assert [news(attempt, denial) for _ in range(2)] == ["captured"] * 2
    # Then
    assert (list(Attempt.objects.values()), list(PaymentIntent.objects.values()), Entry.objects.count()) == before
    row = Break.objects.get()
    assert (row.kind, row.state, row.amount_minor, row.received, row.in_suspense) == (
        "contradiction",
        "open",
        1290,
        False,
        False,
    )
    assert row.detail.startswith("ann and bob decided captured; the PSP reports ")
    assert_in_order()


@pytest.mark.parametrize("agreeing", [TAKEN, HELD, ASKS, Unknown("time-out")])
def test_what_agrees_with_a_decision_or_is_older_changes_nothing(agreeing: AttemptNews) -> None:
    attempt = doubtful()
    decided(attempt, claim("captured"))
    assert (news(attempt, agreeing), breaks(), Entry.objects.count()) == ("captured", [], 2)


def test_without_a_decision_an_older_no_is_older_news() -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, TAKEN)
    assert (news(attempt, NO), breaks()) == ("captured", [])


def test_a_hold_that_was_decided_and_is_denied_opens_a_break() -> None:
    attempt = doubtful(captures_at_once=False)
    decided(attempt, claim("authorized"))
    assert (news(attempt, NO), breaks()) == ("authorized", [("contradiction", "open", 1290)])


@pytest.mark.parametrize("end", [Voided("pi_1"), Expired("pi_1")])
def test_a_hold_that_was_decided_ends_like_any_other(end: Voided | Expired) -> None:
    attempt = doubtful(captures_at_once=False)
    decided(attempt, claim("authorized"))
    assert news(attempt, end) in ("voided", "expired")
    assert breaks() == []
    assert_in_order()


def test_a_hold_that_was_decided_may_be_captured_in_part_and_the_rest_let_go_of() -> None:
    attempt = doubtful(captures_at_once=False)
    decided(attempt, claim("authorized"))
    ask(500, final=False)
    news(attempt, Approved("pi_1", captured=True, money=Money(500, "EUR")))
    assert [news(attempt, Voided("pi_1")) for _ in range(2)] == ["captured"] * 2
    assert (states(), breaks()) == (("succeeded", "captured", 500), [])


@pytest.mark.parametrize("outcome", ["declined", "voided"])
def test_money_that_was_decided_not_to_be_goes_back_and_opens_a_break(outcome: str) -> None:
    attempt = doubtful()
    decided(attempt, claim(outcome))
    before = PaymentIntent.objects.get().state
    assert [news(attempt, TAKEN) for _ in range(2)] == ["surplus"] * 2
    assert (Refund.objects.get().amount_minor, PaymentIntent.objects.get().state) == (1290, before)
    assert breaks() == [("contradiction", "open", 1290)]
    assert_in_order()


def test_what_is_held_although_it_was_decided_not_to_be_is_let_go_of_and_opens_a_break() -> None:
    attempt = doubtful(captures_at_once=False)
    decided(attempt, claim("declined"))
    assert news(attempt, HELD) == "surplus"
    assert (Void.objects.get().state, breaks()) == ("pending", [("contradiction", "open", 1290)])


def test_a_second_payment_beside_the_one_that_was_decided_goes_back_and_opens_a_break() -> None:
    attempt = doubtful()
    decided(attempt, claim("captured"))
    second = Approved("pi_2", captured=True, money=EUR)
    assert [news(attempt, second) for _ in range(2)] == ["surplus"] * 2
    assert (Attempt.objects.get(psp_reference="pi_1").state, Refund.objects.count()) == ("captured", 1)
    assert breaks() == [("contradiction", "open", 1290)]
    assert_in_order()


@pytest.mark.parametrize(("outcome", "found"), [("captured", 1), ("voided", 1291), ("declined", 1291)])
def test_another_sum_that_was_decided_about_is_another_finding_when_it_is_told_again(outcome: str, found: int) -> None:
    # Given a sum that people took for an error of the PSP's
    attempt = begin(captures_at_once=True)
    news(attempt, MORE)
    decided(attempt, claim(outcome))
    explained = ("amount_mismatch", "explained", 1291)
    # When the PSP insists, twice
    for _ in range(2):
        news(attempt, MORE)
    # Then
    assert ("amount_mismatch", "open", found) in breaks()
    assert breaks()[0] == explained
    assert balances() == (1291, -found)
    assert_in_order()
