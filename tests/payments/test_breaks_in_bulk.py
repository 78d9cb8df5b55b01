"""People do something about several breaks at once: after a page that says what will come of it for which."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from django_subatomic.db import transaction
from pytest_django import Settings

from config.staff import lists
from ledger.accounts import open_book
from payments.admin import breaks_in_bulk
from payments.errors import PaymentRefused
from payments.models import Break, BreakEvent, Resolution
from payments.propose_resolution import approve_resolution
from tests.factories import NOW
from tests.payments.findings import balances, found, line, resolved
from tests.payments.holding import assert_in_order
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("psp"),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

LIST = "/admin/payments/break/"
# One person says what 3.90 was; 120.00 is for two.
SMALL, LARGE = 390, 12_000


@pytest.fixture
def ann() -> Client:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return person("ann", "view_break", "resolve_break")


def three() -> dict[str, object]:
    """Have a small one, a large one in dollars, and one that is resolved; return the form that chooses them all."""
    for n, (minor, currency) in enumerate(((SMALL, "EUR"), (LARGE, "USD"), (SMALL, "EUR"))):
        found(line(minor, subject=f"line:txn_{n}", currency=currency))
    resolved(Break.objects.order_by("pk")[2].public_id, by="bob")
    return {"_selected_action": list(Break.objects.values_list("pk", flat=True))}


def states() -> list[tuple[str, str]]:
    return list(Break.objects.order_by("pk").values_list("state", "owner"))


def test_the_page_foresees_what_is_resolved_proposed_and_left_alone(ann: Client) -> None:
    chosen = three()
    before = states(), balances("USD"), BreakEvent.objects.count()

    page = ann.post(LIST, {"action": "resolve_these", **chosen}).content.decode()

    for told in ("1 of 3 resolved", "1 of 3 proposed", "1 of 3 left alone: resolved already", "Yes, do it to 2"):
        assert told in page
    assert (states(), balances("USD"), BreakEvent.objects.count()) == before


def test_many_are_resolved_once_however_often_it_is_clicked(ann: Client) -> None:
    sent = {"action": "resolve_these", **three(), "confirmed": "yes"}
    sent |= {"operation": str(uuid4()), "how": "explained", "reason": "Fees."}

    for _ in range(2):
        assert ann.post(LIST, sent).status_code == 302

    assert [state for state, _ in states()] == ["resolved", "open", "resolved"]
    small = Break.objects.order_by("pk")[0]
    assert (small.reason, small.resolved_by) == ("Fees.", "ann")
    assert list(Resolution.objects.values_list("about__amount_minor", "proposed_by", "state")) == [
        (LARGE, "ann", "proposed")
    ]
    assert (balances("EUR")[1], balances("USD")) == (0, (LARGE, -LARGE))
    assert_in_order()


def test_none_is_resolved_without_a_reason(ann: Client) -> None:
    sent = {"action": "resolve_these", **three(), "confirmed": "yes", "operation": str(uuid4()), "how": "explained"}

    assert "This field is required" in ann.post(LIST, {**sent, "reason": ""}).content.decode()

    assert [state for state, _ in states()] == ["open", "open", "resolved"]


def test_many_are_given_to_somebody_and_stay_due_when_they_are(ann: Client) -> None:
    chosen = three()
    due = list(Break.objects.order_by("pk").values_list("due_at", flat=True))
    page = ann.post(LIST, {"action": "assign_these", **chosen}).content.decode()
    assert [told in page for told in ("2 of 3 given to whom", "1 of 3 left alone")] == [True, True]
    sent = {"action": "assign_these", **chosen, "confirmed": "yes", "operation": str(uuid4()), "owner": "cy"}

    ann.post(LIST, {**sent, "due_at_0": "", "due_at_1": ""})

    assert states() == [("open", "cy"), ("open", "cy"), ("resolved", "")]
    assert list(Break.objects.order_by("pk").values_list("due_at", flat=True)) == due
    ann.post(LIST, {**sent, "operation": str(uuid4()), "due_at_0": "2026-12-24", "due_at_1": "12:00"})
    assert Break.objects.filter(due_at=datetime(2026, 12, 24, 12, tzinfo=UTC)).count() == 2


def test_one_that_is_refused_does_not_keep_the_others(ann: Client) -> None:
    sent = {"action": "resolve_these", **three(), "confirmed": "yes", "operation": str(uuid4()), "how": "explained"}
    ann.post(LIST, {**sent, "reason": "Fees."})
    found(line(subject="line:txn_9"))
    again = {**sent, "_selected_action": list(Break.objects.values_list("pk", flat=True)), "operation": str(uuid4())}

    page = ann.post(LIST, {**again, "reason": "Fees."}, follow=True).content.decode()

    assert "is proposed already" in page
    assert "1 of 2 resolved" in page
    assert [state for state, _ in states()] == ["resolved", "open", "resolved", "resolved"]


def test_too_many_at_once_are_refused_as_a_whole(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaks_in_bulk, "MOST_AT_ONCE", 2)
    sent = {**three(), "confirmed": "yes", "operation": str(uuid4()), "how": "explained", "reason": "x", "owner": "cy"}
    before = states()

    for action in ("resolve_these", "assign_these"):
        page = ann.post(LIST, {"action": action, **sent}, follow=True).content.decode()
        assert "at most 2 breaks at once" in page

    assert states() == before


def test_a_hundred_just_below_the_limit_are_for_two_people_together(ann: Client, settings: Settings) -> None:
    # given: what one person may say of each alone, and not of more than two of them at once
    settings.BREAK_ONE_PERSON_UP_TO = 100
    for n in range(100):
        found(line(9_999, subject=f"line:txn_{n}"))
    alone = Break.objects.get(public_id=found(line(9_999, subject="line:other", currency="USD")))
    found(line(9_999, subject="line:of no money", posted=False))
    chosen = {"action": "resolve_these", "_selected_action": list(Break.objects.values_list("pk", flat=True))}
    sent = {**chosen, "confirmed": "yes", "operation": str(uuid4()), "how": "explained", "reason": "Gone."}

    # when
    page = ann.post(LIST, chosen).content.decode()
    ann.post(LIST, sent)

    # then: those of one currency are proposed, and resolved once another person agrees
    assert [told in page for told in ("2 of 102 resolved", "100 of 102 proposed: they are for two")] == [True, True]
    assert balances("EUR")[1] == -100 * 9_999
    assert Break.objects.filter(state="resolved").count() == 2
    alone.refresh_from_db()
    assert alone.state == "resolved"
    waiting = Resolution.objects.filter(state="proposed", proposed_by="ann")
    assert waiting.count() == 100
    for by, left in (("ann", 100), ("bob", 99)):
        with suppress(PaymentRefused), transaction():
            approve_resolution(resolution_id=waiting.earliest("pk").public_id, by=by, now=NOW)
        assert waiting.count() == left
    assert balances("EUR")[1] == -99 * 9_999


def test_what_comes_to_the_limit_is_for_one_person(ann: Client, settings: Settings) -> None:
    settings.BREAK_ONE_PERSON_UP_TO = 100
    for n in range(2):
        found(line(5_000, subject=f"line:txn_{n}"))

    chosen = {"action": "resolve_these", "_selected_action": list(Break.objects.values_list("pk", flat=True))}

    assert "2 of 2 resolved" in ann.post(LIST, chosen).content.decode()


def test_of_all_that_fit_none_is_resolved_that_came_after_the_page(ann: Client) -> None:
    # given: a page about one
    known = found(line(SMALL, subject="line:txn_1"))
    first = {"action": "resolve_these", "select_across": "1", "_selected_action": Break.objects.get().pk}
    page = ann.post(f"{LIST}?currency=EUR", first)
    assert "Yes, do it to 1" in page.content.decode()

    # when: another one comes before the button is pressed
    unseen = found(line(SMALL, subject="line:txn_2"))
    answer = {**dict(page.context["hidden"]), "confirmed": "yes", "operation": str(uuid4()), "reason": "Fees."}
    ann.post(f"{LIST}?currency=EUR", {**answer, "how": "explained"})

    # then
    assert dict(Break.objects.values_list("public_id", "state")) == {known: "resolved", unseen: "open"}


@pytest.mark.parametrize("seen", [None, "", "x", "1,2;3"])
def test_who_has_seen_no_page_is_asked(ann: Client, seen: str | None) -> None:
    found(line(SMALL))
    sent = {"action": "resolve_these", "select_across": "1", "confirmed": "yes", "operation": str(uuid4())}
    sent["_selected_action"] = str(Break.objects.get().pk)
    sent |= {"how": "explained", "reason": "Fees."} | ({} if seen is None else {"seen": seen})

    assert "Yes, do it to 1" in ann.post(LIST, sent).content.decode()

    assert states() == [("open", "")]


def test_more_than_can_be_leafed_through_are_not_acted_on_together(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 2)
    for n in range(3):
        found(line(SMALL, subject=f"line:txn_{n}"))

    every = {"action": "assign_these", "select_across": "1", "_selected_action": Break.objects.earliest("pk").pk}
    page = ann.post(LIST, every, follow=True).content.decode()

    assert "Nothing was done: at most 2 at once." in page
    assert 'class="action-counter grow"' in page
    assert 'class="question' not in page
