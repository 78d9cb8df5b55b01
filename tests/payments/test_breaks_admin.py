"""People see what does not fit, say who looks into it, and what it was: once, and only who may."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django_subatomic.db import transaction

from ledger.accounts import open_book
from ledger.models import Entry
from ledger.money import Money
from payments.models import Break, BreakEvent
from payments.psp.outcomes import Approved
from tests.factories import NOW
from tests.payments.deciding import doubtful
from tests.payments.findings import balances, found, line
from tests.payments.holding import assert_in_order, news
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("psp"),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

LIST = "/admin/payments/break/"


@pytest.fixture
def ann() -> Client:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return person("ann", "view_break", "resolve_break")


def page(deed: str = "change") -> str:
    return f"{LIST}{Break.objects.get().pk}/{deed}/"


def test_an_empty_list_says_what_would_be_in_it(ann: Client) -> None:
    assert "Nothing is open" in ann.get(LIST).content.decode()


def test_the_list_shows_what_is_open_overdue_and_in_suspense(ann: Client) -> None:
    found(line())
    Break.objects.update(due_at=datetime.now(UTC) - timedelta(minutes=1))
    shown = ann.get(LIST)
    assert (shown.context["waiting"].number, shown.context["overdue"]) == (1, 1)
    assert shown.context["suspense"] == [("stripe", "EUR\N{NO-BREAK SPACE}3.90")]
    assert "1 overdue" in shown.content.decode()


def test_a_double_click_resolves_a_break_once(ann: Client) -> None:
    found(line())
    sent = {"operation": str(uuid4()), "reason": "It was a fee."}
    assert "leaves suspense" in ann.get(page("resolve")).content.decode()
    assert balances() == (390, -390)
    for _ in range(2):
        assert ann.post(page("resolve"), sent).status_code == 302
    assert (balances(), BreakEvent.objects.count()) == ((0, 0), 2)
    row = Break.objects.get()
    assert (row.state, row.reason, row.resolved_by) == ("resolved", "It was a fee.", "ann")
    assert "/resolve" not in ann.get(page()).content.decode()
    # And a second form says why not
    late = ann.post(page("resolve"), {**sent, "operation": str(uuid4())})
    assert "was resolved by ann" in late.content.decode()
    assert_in_order()


def test_a_break_is_given_to_somebody(ann: Client) -> None:
    found(line())
    sent = {"operation": str(uuid4()), "owner": "bob", "due_at_0": "2026-12-24", "due_at_1": "12:00:00"}
    for _ in range(2):
        assert ann.post(page("assign"), sent).status_code == 302
    row = Break.objects.get()
    assert (row.owner, row.due_at) == ("bob", datetime(2026, 12, 24, 12, tzinfo=UTC))
    assert list(BreakEvent.objects.order_by("pk").values_list("what", "by")) == [
        ("opened", "tally"),
        ("assigned", "ann"),
    ]
    assert "bob, due 2026-12-24 12:00" in ann.get(page()).content.decode()


def test_what_is_about_an_open_attempt_is_not_resolved_by_one(ann: Client) -> None:
    news(doubtful(), Approved("pi_1", captured=True, money=Money(1291, "EUR")))
    before = list(Break.objects.values()), Entry.objects.count()
    answer = ann.post(page("resolve"), {"operation": str(uuid4()), "reason": "A tip."})
    assert "evidence ends both, or two people" in answer.content.decode()
    assert (list(Break.objects.values()), Entry.objects.count()) == before


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("deed", ["resolve", "assign"])
def test_who_may_only_look_does_nothing(deed: str) -> None:
    found(line())
    viewer = person("bob", "view_break")
    before = list(Break.objects.values()), Entry.objects.count()
    assert f"/{deed}" not in viewer.get(page()).content.decode()
    assert viewer.get(page(deed)).status_code == 403
    assert viewer.post(page(deed), {"operation": str(uuid4()), "reason": "x"}).status_code == 403
    assert (list(Break.objects.values()), Entry.objects.count()) == before


def test_a_break_is_not_resolved_without_a_reason(ann: Client) -> None:
    found(line())
    for reason in ("", " ", "4242 4242 4242 4242"):
        assert ann.post(page("resolve"), {"operation": str(uuid4()), "reason": reason}).status_code == 200
    assert (Break.objects.get().state, balances()) == ("open", (390, -390))
