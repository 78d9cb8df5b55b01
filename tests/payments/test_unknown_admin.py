"""People see what nobody knows, have PSPs asked, and decide in twos; each may do only what they have the right to."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_subatomic.db import transaction

from ledger.models import Entry
from payments.admin.words import AGE_WORDS, age
from payments.begin_attempt import Charge, begin_attempt
from payments.figures import AGES, OLDEST
from payments.models import Attempt, Decision
from payments.psp.outcomes import Approved
from payments.routing import Token
from tests.payments.deciding import LOST, agree, claim, decisions, doubtful, everything, propose
from tests.payments.holding import EUR, assert_in_order, news

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("psp"),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

LIST = "/admin/payments/unknownattempt/"
EVERYTHING = ("view_attempt", "change_attempt", "view_decision", "propose_decision", "apply_decision")


def person(name: str, *permissions: str, enforce_csrf_checks: bool = False) -> Client:
    """Return the browser of somebody who may do just this."""
    somebody = User.objects.create_user(name, password="x", is_staff=True)
    somebody.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(somebody)
    return client


def form(outcome: str = "captured", **changes: str) -> dict[str, str]:
    return {
        "operation": str(uuid4()),
        "outcome": outcome,
        "psp_reference": "pi_1",
        "amount": "12.90",
        "reason": "The dashboard says so.",
        "evidence": "Payments, pi_1: captured.",
        **changes,
    }


def page_of(attempt: UUID, deed: str = "change") -> str:
    return f"/admin/payments/attempt/{Attempt.objects.get(uuid=attempt).pk}/{deed}/"


def page_of_decision(decision: str, deed: str = "change") -> str:
    return f"/admin/payments/decision/{Decision.objects.get(public_id=decision).pk}/{deed}/"


def test_the_list_shows_how_many_for_how_long_and_what_they_come_to() -> None:
    # Given one of two hours ago, and one that is known
    news(doubtful(), Approved("pi_1", captured=True, money=EUR))
    charge = Charge("shop", "cli_test", "chk_2", EUR, "", [Token("stripe", "pm_card_visa")])
    with transaction():
        other = begin_attempt(charge=charge, now=datetime.now(UTC) - timedelta(hours=2))
    news(other, LOST)
    # When
    shown = person("ann", "view_attempt").get(LIST)
    # Then
    (row,) = shown.context["by_age"]
    counted = [(name, attempts) for name, attempts, _ in row.cells if attempts]
    assert (row.psp, row.currency, counted, row.attempts) == ("stripe", "EUR", [("under_1d", 1)], 1)
    assert row.total == "EUR\N{NO-BREAK SPACE}12.90"
    page = shown.content.decode()
    assert "2 h 0 min" in page
    assert page.count("chk_2") >= 1
    assert "chk_1" not in page
    # And a cell leads to just those
    for chosen, found in (("under_1d", 1), ("under_1h", 0), ("over_7d", 0), ("nonsense", 1)):
        narrowed = Client()
        narrowed.force_login(User.objects.get(username="ann"))
        assert narrowed.get(LIST, {"age": chosen}).context["cl"].result_count == found


def test_an_empty_list_says_what_would_be_in_it() -> None:
    page = person("ann", "view_attempt").get(LIST).content.decode()
    assert "Nothing is unknown" in page
    assert "how it ended." in " ".join(page.split())


def test_every_age_has_its_words() -> None:
    assert list(AGE_WORDS) == [*AGES, OLDEST]
    now = datetime(2026, 1, 9, tzinfo=UTC)
    ages = [timedelta(seconds=-5), timedelta(seconds=119), timedelta(hours=3, minutes=7), timedelta(days=2, hours=3)]
    assert [age(now - each, now) for each in ages] == ["0 min", "1 min", "3 h 7 min", "2 d 3 h"]


def test_the_attempts_page_says_what_is_unknown_and_offers_nothing_once_it_is_known() -> None:
    attempt = doubtful()
    ann = person("ann", *EVERYTHING)
    page = ann.get(page_of(attempt)).content.decode()
    assert "Nobody knows how this ended" in page
    assert "“time-out”" in page
    assert page.count("/propose") == page.count("/ask-now") == 1
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    page = ann.get(page_of(attempt)).content.decode()
    assert "Nobody knows" not in page
    assert "/propose" not in page
    # And the list's row leads there, too
    led = ann.get(f"{LIST}{Attempt.objects.get().pk}/change/")
    assert (led.status_code, led.headers["Location"]) == (302, page_of(attempt))


@pytest.mark.parametrize("deed", ["ask-now", "propose"])
def test_who_may_only_look_does_nothing(deed: str) -> None:
    attempt = doubtful()
    viewer = person("ann", "view_attempt", "view_decision")
    before = everything()
    assert f"/{deed}" not in viewer.get(page_of(attempt)).content.decode()
    assert viewer.get(page_of(attempt, deed)).status_code == 403
    assert viewer.post(page_of(attempt, deed), form()).status_code == 403
    assert everything() == before


def test_looking_at_a_form_changes_nothing() -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("captured"))
    bob = person("bob", *EVERYTHING)
    before = everything()
    addresses = [page_of(attempt, deed) for deed in ("ask-now", "propose")]
    addresses += [page_of_decision(decision, deed) for deed in ("apply", "put-away")]
    assert [bob.get(address).status_code for address in addresses] == [200] * 4
    assert everything() == before


def test_another_sites_form_is_refused() -> None:
    decision = propose(doubtful(), claim("captured"))
    bob = person("bob", *EVERYTHING, enforce_csrf_checks=True)
    assert bob.post(page_of_decision(decision, "apply"), {"operation": str(uuid4())}).status_code == 403
    assert decisions() == [("proposed", "ann", "")]


def test_one_proposes_by_a_double_click_and_another_applies() -> None:
    # Given
    attempt, sent = doubtful(), form()
    ann, bob = person("ann", *EVERYTHING), person("bob", *EVERYTHING)
    # When
    for _ in range(2):
        assert ann.post(page_of(attempt, "propose"), sent).status_code == 302
    # Then
    row = Decision.objects.get()
    assert (row.outcome, row.psp_reference, row.amount_minor, row.currency, row.proposed_by) == (
        "captured",
        "pi_1",
        1290,
        "EUR",
        "ann",
    )
    assert Entry.objects.count() == 0
    assert "proposed" in ann.get(LIST, {"decision": "proposed"}).content.decode()
    assert ann.get(LIST, {"decision": "none"}).context["cl"].result_count == 0
    # When she applies it herself
    refused = ann.post(page_of_decision(row.public_id, "apply"), {"operation": str(uuid4())})
    # Then
    assert "somebody else must look" in refused.content.decode()
    assert (decisions(), Entry.objects.count()) == ([("proposed", "ann", "")], 0)
    # When he does, by a double click
    for _ in range(2):
        assert bob.post(page_of_decision(row.public_id, "apply"), {"operation": str(uuid4())}).status_code == 302
    # Then
    assert decisions() == [("applied", "ann", "bob")]
    assert Attempt.objects.get().state == "captured"
    assert "/apply" not in bob.get(page_of_decision(row.public_id)).content.decode()
    assert_in_order()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evidence": "Card 4242 4242 4242 4242 was charged."}, "This looks like a card number."),
        ({"reason": "4242424242424242"}, "This looks like a card number."),
        ({"evidence": ""}, "This field is required."),
        ({"amount": "12.901"}, "EUR has no such small unit."),
        ({"amount": ""}, "How much?"),
        ({"amount": "NaN"}, "Enter a number."),
        ({"amount": "12.89"}, "is not what was asked"),
        ({"psp_reference": ""}, "has a name at the PSP"),
        ({"operation": "x"}, "This form is broken."),
        ({"outcome": "surplus"}, "Select a valid choice."),
    ],
)
def test_what_is_refused_is_said_and_nothing_is_kept(changes: dict[str, str], said: str) -> None:
    attempt = doubtful()
    answer = person("ann", *EVERYTHING).post(page_of(attempt, "propose"), form(**changes))
    assert (answer.status_code, Decision.objects.count()) == (200, 0)
    assert said in answer.content.decode()


def test_a_form_that_is_sent_when_evidence_has_come_is_refused() -> None:
    attempt = doubtful()
    decision = propose(attempt, claim("voided"))
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    bob = person("bob", *EVERYTHING)
    late = bob.post(page_of_decision(decision, "apply"), {"operation": str(uuid4())}).content.decode()
    assert "is overtaken" in late
    assert "evidence has ended the question" in bob.post(page_of(attempt, "propose"), form()).content.decode()
    assert Attempt.objects.get().state == "captured"


def test_a_proposal_is_withdrawn_by_its_own_and_rejected_by_others() -> None:
    attempt = doubtful()
    ann, bob = person("ann", *EVERYTHING), person("bob", *EVERYTHING)
    sent = {"operation": str(uuid4()), "note": "I looked at another payment."}
    for closer, state in ((ann, "withdrawn"), (bob, "rejected")):
        decision = propose(attempt, claim("captured"), by="ann")
        assert closer.post(page_of_decision(decision, "put-away"), sent).status_code == 302
        row = Decision.objects.get(public_id=decision)
        assert (row.state, row.note) == (state, "I looked at another payment.")
    assert Attempt.objects.get().state == "unknown"


def test_who_may_propose_only_does_not_apply() -> None:
    decision = propose(doubtful(), claim("captured"))
    carol = person("carol", "view_decision", "propose_decision")
    assert carol.post(page_of_decision(decision, "apply"), {"operation": str(uuid4())}).status_code == 403
    assert decisions() == [("proposed", "ann", "")]


def test_a_psp_is_asked_now_by_a_worker() -> None:
    # Given what would be looked at in an hour
    attempt = doubtful()
    later = datetime.now(UTC) + timedelta(hours=1)
    Attempt.objects.update(next_check_at=later)
    ann = person("ann", *EVERYTHING)
    # When
    assert ann.post(page_of(attempt, "ask-now"), {"operation": str(uuid4())}).status_code == 302
    # Then
    row = Attempt.objects.get()
    assert row.next_check_at is not None
    assert (row.next_check_at <= datetime.now(UTC), row.state, row.checks) == (True, "unknown", 0)


def test_many_are_asked_about_after_a_question() -> None:
    attempt = doubtful()
    Attempt.objects.update(next_check_at=datetime.now(UTC) + timedelta(hours=1))
    ann = person("ann", *EVERYTHING)
    chosen = {"action": "ask_now", "_selected_action": [Attempt.objects.get(uuid=attempt).pk]}
    # When
    asked = ann.post(LIST, chosen)
    # Then
    assert "1 of 1 looked up at their PSP, at once" in asked.content.decode()
    assert Attempt.objects.filter(next_check_at__gt=datetime.now(UTC)).exists()
    # When
    ann.post(LIST, {**chosen, "confirmed": "yes"})
    # Then
    assert not Attempt.objects.filter(next_check_at__gt=datetime.now(UTC)).exists()


def test_what_is_known_is_not_asked_about() -> None:
    attempt = doubtful()
    ann = person("ann", *EVERYTHING)
    agree(propose(attempt, claim("captured"), by="x"))
    told = ann.post(page_of(attempt, "ask-now"), {"operation": str(uuid4())}, follow=True)
    assert "the outcome is known" in told.content.decode()
    assert Attempt.objects.get().next_check_at is None
