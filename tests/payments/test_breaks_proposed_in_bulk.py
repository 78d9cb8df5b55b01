"""What the page about several breaks says would be proposed is proposed, and what it says would be left alone is."""

from collections.abc import Iterable
from uuid import uuid4

import pytest
from django.test import Client
from django_subatomic.db import transaction
from pytest_django import Settings

from ledger.accounts import open_book
from ledger.money import Money
from payments.errors import PaymentRefused
from payments.models import Break, Resolution
from payments.propose_resolution import approve_resolution, close_resolution, propose_resolution
from payments.psp.outcomes import Approved
from payments.resolvable import refused_as
from payments.resolve_break import How, resolve_break
from payments.states import BreakResolution, LineKind
from tests.factories import NOW
from tests.payments.findings import balances, found, line, resolved
from tests.payments.holding import begin, news
from tests.payments.settling import settled, told
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("psp"),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

LIST = "/admin/payments/break/"
# Of this one person says what one was, and two people what two were.
MINOR = 6_000


@pytest.fixture
def ann(settings: Settings) -> Client:
    settings.BREAK_ONE_PERSON_UP_TO = 100
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return person("ann", "view_break", "resolve_break")


def two() -> list[str]:
    return [found(line(MINOR, subject=f"line:txn_{n}")) for n in range(2)]


def ask(by: Client, breaks: Iterable[int] | None = None) -> tuple[str, dict[str, object]]:
    """Choose some, all where none are named; return the page, and what its button sends."""
    keys = list(Break.objects.values_list("pk", flat=True) if breaks is None else breaks)
    page = by.post(LIST, {"action": "resolve_these", "_selected_action": keys})
    hidden = {name: value for name, value in page.context["hidden"] if name != "_selected_action"}
    said = {"confirmed": "yes", "operation": str(uuid4()), "how": "written_off", "reason": "Gone."}
    return page.content.decode(), {**hidden, **said, "_selected_action": keys}


def propose(break_id: str, *, by: str = "bob") -> str:
    with transaction():
        how, operation = How(BreakResolution.WRITTEN_OFF), uuid4()
        return propose_resolution(break_id=break_id, how=how, reason="Lost.", by=by, operation=operation, now=NOW)


def states() -> list[tuple[str, str]]:
    return list(Break.objects.order_by("pk").values_list("state", "resolved_by"))


@pytest.mark.parametrize("noted", [True, False])
def test_a_form_that_is_sent_again_leaves_to_the_second_person_what_it_proposed(ann: Client, noted: bool) -> None:
    two()
    _, sent = ask(ann)
    if not noted:
        del sent["for_two"]
    ann.post(LIST, sent)
    with transaction():
        approve_resolution(resolution_id=Resolution.objects.earliest("pk").public_id, by="bob", now=NOW)

    ann.post(LIST, sent)

    assert states() == [("resolved", "ann and bob"), ("open", "")]
    assert list(Resolution.objects.order_by("pk").values_list("state", flat=True)) == ["applied", "proposed"]
    assert balances()[1] == -MINOR


@pytest.mark.parametrize("noted", [True, False])
def test_what_the_page_said_would_be_proposed_is_although_another_person_resolves_one(ann: Client, noted: bool) -> None:
    first, _ = two()
    page, sent = ask(ann)
    assert "2 of 2 proposed" in page
    if not noted:
        del sent["for_two"]
    resolved(first, by="cy")

    ann.post(LIST, sent)

    assert states() == [("resolved", "cy"), ("open", "")]
    assert list(Resolution.objects.values_list("about__public_id", "state")) == [
        (Break.objects.latest("pk").public_id, "proposed")
    ]


def test_a_page_that_is_drawn_again_remembers_what_it_said(ann: Client) -> None:
    first, _ = two()
    _, sent = ask(ann)
    resolved(first, by="cy")

    again = ann.post(LIST, {**sent, "reason": ""})
    ann.post(LIST, {**sent, "for_two": dict(again.context["hidden"])["for_two"]})

    assert "1 of 2 proposed" in again.content.decode()
    assert states() == [("resolved", "cy"), ("open", "")]


def test_the_breaks_of_an_open_proposal_are_not_resolved_one_by_one(ann: Client) -> None:
    two()
    ann.post(LIST, ask(ann)[1])

    for key in Break.objects.values_list("pk", flat=True):
        page, sent = ask(ann, [key])
        assert "1 of 1 left alone: how they end is proposed already" in page
        ann.post(LIST, sent)
        said = {"operation": str(uuid4()), "how": "written_off", "reason": "Gone."}
        alone = ann.post(f"{LIST}{key}/resolve/", said).content.decode()
        assert Resolution.objects.get(about=key).public_id in alone

    assert states() == [("open", "")] * 2
    assert list(Resolution.objects.values_list("state", flat=True)) == ["proposed"] * 2
    assert balances()[1] == -2 * MINOR


def test_what_somebody_has_rejected_is_proposed_again_however_small(ann: Client) -> None:
    first, _ = [found(line(390, subject=f"line:txn_{n}")) for n in range(2)]
    proposal = propose(first, by="ann")
    with transaction():
        close_resolution(resolution_id=proposal, by="bob", now=NOW)

    page, sent = ask(ann)
    ann.post(LIST, sent)

    assert [told in page for told in ("1 of 2 resolved", "1 of 2 proposed")] == [True, True]
    assert states() == [("open", ""), ("resolved", "ann")]
    assert Resolution.objects.filter(state="proposed", proposed_by="ann").count() == 1


def each_that_is_refused() -> list[Break]:
    """Have one that is proposed, one that is being paid back, one of an open attempt, and one that is resolved."""
    propose(found(line(MINOR, subject="line:proposed")))
    settled(told(LineKind.CHARGE, MINOR, line_id="back", psp_reference="pi_x", payment_reference="pi_x"))
    back = Break.objects.get(subject="line:back").public_id
    with transaction():
        resolve_break(break_id=back, how=How(BreakResolution.REFUNDED), reason="No order.", by="bob", now=NOW)
    news(begin(captures_at_once=True), Approved("pi_1", captured=True, money=Money(MINOR, "EUR")))
    resolved(found(line(MINOR, subject="line:resolved")), by="bob")
    return list(Break.objects.order_by("pk"))


CODES = ["resolution_open", "refund_under_way", "attempt_still_open", "break_resolved"]


def test_what_would_be_refused_is_foreseen_and_not_in_the_sum(ann: Client) -> None:
    each_that_is_refused()
    free = found(line(MINOR, subject="line:free"))

    page, sent = ask(ann)
    answer = ann.post(LIST, sent, follow=True).content.decode()

    for words in ("resolved: what", *(f"left alone: {why}" for why in ("how", "the PSP was", "they end", "resolved"))):
        assert f"1 of 5 {words}" in page
    assert "Yes, do it to 1" in page
    assert "1 of 4 resolved" in answer
    assert Break.objects.get(public_id=free).resolved_by == "ann"
    assert [state for state, _ in states()] == ["open", "open", "open", "resolved", "resolved"]


def test_what_is_foreseen_is_what_is_refused(ann: Client) -> None:
    refused = []
    for held in each_that_is_refused():
        with pytest.raises(PaymentRefused) as refusal:
            resolved(held.public_id)
        refused.append(refusal.value.code)

    foreseen = Break.objects.order_by("pk").annotate(code=refused_as()).values_list("code", flat=True)
    assert (list(foreseen), refused) == (CODES, CODES)
    assert Resolution.objects.get().state == "proposed"
