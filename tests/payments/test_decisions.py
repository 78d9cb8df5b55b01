"""An outcome that nobody knows is decided by two people, on evidence that they name, and by nobody else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django.db.transaction import atomic

from exactly_once.models import OutboxEvent
from ledger.models import Entry
from ledger.money import Money
from payments.errors import PaymentNotFound, PaymentRefused
from payments.models import Attempt, Break, Decision, PaymentIntent
from payments.psp.outcomes import Approved, Declined, RequiresAction, Voided
from payments.verify import checks
from tests.factories import NOW
from tests.payments.deciding import (
    LOST,
    agree,
    breaks,
    claim,
    decided,
    decisions,
    doubtful,
    everything,
    propose,
    put_away,
)
from tests.payments.findings import balances
from tests.payments.holding import EUR, assert_in_order, begin, lines, news, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

TAKEN = Approved("pi_1", captured=True, money=EUR)
HELD = Approved("pi_1", captured=False, money=EUR)
MORE = Approved("pi_1", captured=True, money=Money(1291, "EUR"))


@pytest.mark.parametrize(
    ("outcome", "intent", "event", "posted"),
    [
        ("captured", "succeeded", "payment_intent.succeeded", [("payment.captured", "PD", 1290)]),
        ("authorized", "requires_capture", "payment_intent.requires_capture", [("payment.authorized", "HD", 1290)]),
        ("voided", "canceled", "payment_intent.canceled", []),
        ("declined", "requires_payment_method", "payment_intent.requires_payment_method", []),
    ],
)
def test_two_people_end_what_nobody_knows_as_evidence_would(
    outcome: str, intent: str, event: str, posted: list[tuple[str, str, int]]
) -> None:
    # Given
    attempt = doubtful(captures_at_once=outcome != "authorized")
    decision = propose(attempt, claim(outcome))
    assert (states()[1], Entry.objects.count()) == ("unknown", 0)
    # When the second person agrees, twice
    assert [agree(decision) for _ in range(2)] == [outcome] * 2
    # Then
    assert states() == (intent, outcome, 1290 if outcome == "captured" else 0)
    assert [(kind, how, minor) for kind, _, how, minor in lines() if how.endswith("D")] == posted
    assert OutboxEvent.objects.filter(type=event).count() == 1
    assert decisions() == [("applied", "ann", "bob")]
    assert_in_order()


def test_what_never_happened_needs_no_name_at_the_psp() -> None:
    attempt = doubtful()
    assert decided(attempt, claim("declined", reference="")) == "declined"
    assert Attempt.objects.get().decline_reason == "processing_error"


def test_nobody_applies_what_they_have_proposed() -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("captured"), by="ann")
    before = everything()
    with pytest.raises(PaymentRefused) as refusal:
        agree(decision, by="ann")
    assert (refusal.value.code, everything(), Entry.objects.count()) == ("second_person_required", before, 0)
    # Nor past the code
    for state in ("applied", "rejected"):
        with pytest.raises(IntegrityError, match="payment_decision_by_another"):
            Decision.objects.update(state=state, closed_by="ann", closed_at=NOW)
    with pytest.raises(IntegrityError, match="payment_decision_by_another"):
        Decision.objects.update(state="withdrawn", closed_by="bob", closed_at=NOW)
    assert everything() == before


def test_what_was_proposed_is_not_changed_before_somebody_agrees() -> None:
    decision = propose(doubtful(), claim("captured"))
    words: list[dict[str, object]] = [
        {"outcome": "voided"},
        {"amount_minor": 1},
        {"evidence": "x"},
        {"proposed_by": "b"},
    ]
    for change in words:
        with pytest.raises(DatabaseError):
            Decision.objects.update(**change)
    agree(decision)
    ends: list[dict[str, object]] = [{"closed_by": "cy"}, {"note": "x"}, {"closed_at": NOW + timedelta(1)}]
    for change in ends:
        with pytest.raises(DatabaseError, match="fixed"):
            Decision.objects.update(**change)
    with pytest.raises(DatabaseError, match="cannot become"):
        Decision.objects.update(state="rejected")


def test_of_one_attempt_one_decision_is_open_at_a_time() -> None:
    attempt = doubtful()
    first = propose(attempt, claim("captured"))
    with pytest.raises(PaymentRefused) as refusal:
        propose(attempt, claim("voided"), by="bob")
    assert (refusal.value.code, Decision.objects.count()) == ("decision_open", 1)
    other = Decision.objects.get()
    other.pk, other.public_id, other.operation = None, "dec_other", uuid4()
    with pytest.raises(IntegrityError, match="payment_decision_one_open"):
        other.save(force_insert=True)
    # When the first is put away
    assert put_away(first) == "rejected"
    # Then there is room for another
    assert decided(attempt, claim("voided")) == "voided"


def test_a_proposal_that_is_sent_twice_is_made_once() -> None:
    attempt, operation = doubtful(), uuid4()
    first = propose(attempt, claim("captured"), operation=operation)
    put_away(first, by="ann")
    assert propose(attempt, claim("captured"), operation=operation) == first
    assert decisions() == [("withdrawn", "ann", "ann")]


@pytest.mark.parametrize("by", ["ann", "bob"])
def test_what_was_put_away_has_no_effect_and_is_not_applied_any_more(by: str) -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("captured"))
    put_away(decision, by=by)
    before = everything()
    for act in (agree, put_away):
        with pytest.raises(PaymentRefused) as refusal:
            act(decision, by="cy")
        assert refusal.value.code == "decision_closed"
    assert (everything(), Entry.objects.count(), states()[1]) == (before, 0, "unknown")


@pytest.mark.parametrize("evidence", [TAKEN, Voided("pi_1"), Declined("pi_1", reason="card_declined", soft=False)])
def test_evidence_that_comes_first_overtakes_a_proposal(evidence: Approved | Voided | Declined) -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("authorized"))
    ended = news(attempt, evidence)
    before = everything(), Entry.objects.count()
    with pytest.raises(PaymentRefused) as refusal:
        agree(decision)
    assert refusal.value.code == "decision_closed"
    assert (everything(), Entry.objects.count()) == before
    assert (states()[1], decisions()) == (ended, [("overtaken", "ann", "")])
    with pytest.raises(PaymentRefused) as late:
        propose(attempt, claim("captured"))
    assert late.value.code == "attempt_not_unknown"
    assert_in_order()


def test_evidence_that_leaves_the_attempt_unknown_overtakes_a_proposal_too() -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("declined", reference=""))
    news(attempt, LOST)
    assert decisions() == [("proposed", "ann", "")]
    news(attempt, MORE)
    with pytest.raises(PaymentRefused) as refusal:
        agree(decision)
    assert (refusal.value.code, states()[1]) == ("decision_closed", "unknown")


def test_no_decision_is_not_found() -> None:
    with pytest.raises(PaymentNotFound) as refusal:
        agree("dec_none")
    assert refusal.value.code == "decision_not_found"


@pytest.mark.parametrize(
    ("outcome", "receivable", "orders"), [("captured", 1290, 1290), ("voided", 0, 0), ("declined", 0, 0)]
)
def test_a_decision_takes_the_money_out_of_suspense(outcome: str, receivable: int, orders: int) -> None:
    # Given
    attempt = begin(captures_at_once=True)
    news(attempt, MORE)
    assert balances() == (1291, -1291)
    # When
    assert decided(attempt, claim(outcome)) == outcome
    # Then
    assert (balances(), breaks()) == ((receivable, 0), [("amount_mismatch", "explained", 1291)])
    assert sum(minor for _, code, how, minor in lines() if code == "liabilities:orders" and how == "PC") == orders
    assert Break.objects.get().resolved_by == "ann and bob"
    assert_in_order()


def test_of_more_than_was_asked_for_the_payment_is_good_and_the_rest_stays_in_suspense() -> None:
    attempt = begin(captures_at_once=True)
    news(attempt, MORE)
    assert decided(attempt, claim("captured", MORE.money)) == "captured"
    told = (("succeeded", "captured", 1290), (1291, -1))
    assert (states(), balances()) == told
    assert breaks() == [("amount_mismatch", "explained", 1291), ("amount_mismatch", "open", 1)]
    # When the PSP says so again
    news(attempt, MORE)
    # Then
    assert ((states(), balances()), len(breaks())) == (told, 2)
    assert_in_order()


def test_what_may_still_be_asked_of_the_buyer_overtakes_a_proposal() -> None:
    attempt = doubtful()
    propose(attempt, claim("declined"))
    assert news(attempt, RequiresAction("pi_1", redirect_url="https://bank.example/3ds")) == "requires_action"
    assert decisions() == [("overtaken", "ann", "")]


def test_after_a_decision_that_nothing_was_charged_another_card_may_be_tried() -> None:
    attempt = doubtful()
    decided(attempt, claim("declined", reference=""))
    second = begin(captures_at_once=True)
    assert news(second, Approved("pi_2", captured=True, money=EUR)) == "captured"
    assert PaymentIntent.objects.get().state == "succeeded"
    assert_in_order()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE payments_decision SET state = 'applied', closed_by = proposed_by, closed_at = now()",
        "UPDATE payments_attempt SET state = 'declined'",
    ],
)
def test_verify_names_who_decided_alone_and_what_nobody_needs_to_decide(harm: str) -> None:
    decision = propose(doubtful(), claim("captured"))
    with atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_decision DROP CONSTRAINT payment_decision_by_another")
        cursor.execute(harm)
        (wrong,) = [check for check in checks(now=NOW) if not check.passed]
        connection.set_rollback(True)
    assert wrong.name.startswith("payments: every decision is signed by two people")
    assert wrong.detail == f"1 wrong: {decision}"
