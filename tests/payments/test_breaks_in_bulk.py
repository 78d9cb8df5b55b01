"""People do something about several breaks at once: after a page that says what will come of it for which."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from django_subatomic.db import transaction

from ledger.accounts import open_book
from payments.admin import breaks_in_bulk
from payments.models import Break, BreakEvent, Resolution
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
    """Have a small one, a large one and one that is resolved; return the form that chooses them all."""
    for n, minor in enumerate((SMALL, LARGE, SMALL)):
        found(line(minor, subject=f"line:txn_{n}"))
    resolved(Break.objects.order_by("pk")[2].public_id, by="bob")
    return {"_selected_action": list(Break.objects.values_list("pk", flat=True))}


def states() -> list[tuple[str, str]]:
    return list(Break.objects.order_by("pk").values_list("state", "owner"))


def test_the_page_foresees_what_is_resolved_proposed_and_left_alone(ann: Client) -> None:
    chosen = three()
    before = states(), balances(), BreakEvent.objects.count()

    page = ann.post(LIST, {"action": "resolve_these", **chosen}).content.decode()

    for told in ("1 of 3 resolved", "1 of 3 proposed", "1 of 3 left alone: resolved already", "Yes, do it to 2"):
        assert told in page
    assert (states(), balances(), BreakEvent.objects.count()) == before


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
    assert balances() == (LARGE, -LARGE)
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
