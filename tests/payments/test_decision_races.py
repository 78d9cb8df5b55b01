"""Whoever else is at an attempt at the same instant, a decision has one effect, or none."""

import pytest

from exactly_once.models import OutboxEvent
from ledger.models import Transaction
from payments.errors import PaymentRefused
from payments.models import Attempt, Decision, Refund
from payments.psp.outcomes import Approved
from tests.concurrency.crowd import crowd, everyone
from tests.payments.deciding import agree, breaks, claim, decisions, doubtful, propose, put_away
from tests.payments.holding import EUR, assert_in_order, news

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

TAKEN = Approved("pi_1", captured=True, money=EUR)
ROUNDS = range(5)


def result_of(act: object) -> str:
    """Return what came of it, or the code of the refusal."""
    try:
        return str(act())  # type: ignore[operator]  # a function
    except PaymentRefused as refusal:
        return refusal.code


def test_of_ten_people_who_agree_at_once_one_applies_it() -> None:
    decision = propose(doubtful(), claim("captured"))
    results = everyone(10, lambda number: result_of(lambda: agree(decision, by=f"person {number}")))
    assert sorted(results) == ["captured"] + ["decision_closed"] * 9
    assert Transaction.objects.filter(kind="payment.captured").count() == 1
    assert OutboxEvent.objects.filter(type="payment_intent.succeeded").count() == 1
    ((state, _, closed_by),) = decisions()
    assert (state, closed_by.startswith("person ")) == ("applied", True)
    assert_in_order()


def test_the_proposer_among_many_is_never_the_second_person() -> None:
    decision = propose(doubtful(), claim("captured"), by="ann")
    results = everyone(6, lambda number: result_of(lambda: agree(decision, by="ann" if number else "bob")))
    assert results[0] == "captured"
    assert set(results[1:]) <= {"second_person_required", "decision_closed"}
    assert decisions() == [("applied", "ann", "bob")]


def test_of_ten_people_who_propose_at_once_one_does() -> None:
    attempt = doubtful()
    results = everyone(10, lambda number: result_of(lambda: propose(attempt, claim("voided"), by=f"person {number}")))
    assert sorted(results)[1:] == ["decision_open"] * 9 or results.count("decision_open") == 9
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("_round", ROUNDS)
def test_who_agrees_and_who_rejects_at_once_do_not_both(_round: int) -> None:
    decision = propose(doubtful(), claim("captured"))
    acts = [lambda: agree(decision, by="bob"), lambda: put_away(decision, by="cy")]
    results = everyone(2, lambda number: result_of(acts[number]))
    assert sorted(results) in (["captured", "decision_closed"], ["decision_closed", "rejected"])
    assert Transaction.objects.filter(kind="payment.captured").count() == results.count("captured")
    assert_in_order()


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_decision_and_a_webhook_that_agree_post_once(_round: int) -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("captured"))
    acts = [lambda: agree(decision), *[lambda: news(attempt, TAKEN)] * 3]
    results = everyone(4, lambda number: result_of(acts[number]))
    assert results[1:] == ["captured"] * 3
    assert results[0] in ("captured", "decision_closed")
    assert Transaction.objects.filter(kind="payment.captured").count() == 1
    assert (Attempt.objects.get().captured_minor, breaks()) == (1290, [])
    assert_in_order()


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_decision_and_a_webhook_that_differ_lose_no_money(_round: int) -> None:
    # Given
    attempt = doubtful()
    decision = propose(attempt, claim("declined", reference=""))
    acts = [lambda: agree(decision), *[lambda: news(attempt, TAKEN)] * 3]
    # When
    results = crowd(4, lambda number: result_of(acts[number]))
    # Then either the evidence came first, or what was decided is denied, and the money goes back
    row = Attempt.objects.get()
    assert Transaction.objects.filter(kind="payment.captured").count() == 1
    if results[0] == "decision_closed":
        assert (row.state, decisions(), breaks()) == ("captured", [("overtaken", "ann", "")], [])
    else:
        assert (results[0], row.state, decisions()) == ("declined", "surplus", [("applied", "ann", "bob")])
        assert (Refund.objects.get().amount_minor, breaks()) == (1290, [("contradiction", "open", 1290)])
    assert_in_order()
