"""Where a break's money belongs is said by one person up to a sum, and by two above it; the books follow."""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest
from django.test import Client
from django_subatomic.db import transaction

from exactly_once.verification import CheckResult
from ledger import queries as ledger
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from payments.errors import PaymentNotFound, PaymentRefused
from payments.models import Break, Resolution
from payments.propose_resolution import approve_resolution, close_resolution, propose_resolution
from payments.resolve_break import How, resolve_break, supersede_break
from payments.states import BreakResolution
from payments.verify import checks
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.findings import balances, found, line
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

R = BreakResolution
WRITTEN_OFF = How(R.WRITTEN_OFF)
LARGE = 10_001


@pytest.fixture(autouse=True)
def _shop() -> None:
    tips = AccountSpec(code="revenue:tips", currency="EUR", type="revenue", normal_side="credit")
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
        ensure_accounts(book="shop", accounts=[tips])


def end(break_id: str, how: How, *, by: str = "ann", reason: str = "So it was.", approved_by: str = "") -> None:
    with transaction():
        resolve_break(break_id=break_id, how=how, reason=reason, by=by, now=NOW, approved_by=approved_by)


def total(code: str) -> int:
    return ledger.totals(code=code)["EUR"]


def failed() -> list[CheckResult]:
    return [check for check in checks(now=NOW) if not check.passed]


def propose(break_id: str, how: How = WRITTEN_OFF, *, by: str = "ann") -> str:
    with transaction():
        told = {"how": how, "reason": "Lost.", "by": by, "operation": uuid4()}
        return propose_resolution(break_id=break_id, now=NOW, **told)  # type: ignore[arg-type]  # each as it is asked for


def approve(proposal: str, by: str) -> None:
    with transaction():
        approve_resolution(resolution_id=proposal, by=by, now=NOW)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises((PaymentRefused, PaymentNotFound)) as refused:
        act()
    return refused.value.code


@pytest.mark.parametrize(("received", "lost"), [(False, 390), (True, -390)])
def test_what_is_written_off_leaves_suspense_and_what_the_psp_owes_stays(received: bool, lost: int) -> None:
    end(found(line(received=received)), WRITTEN_OFF)
    assert (balances(), total("expenses:write_offs")) == ((-lost, 0), lost)
    held = Break.objects.get()
    assert (held.resolution, held.resolved_by, held.history.get(what="written_off").by) == ("written_off", "ann", "ann")
    assert failed() == []


def test_a_correction_goes_to_the_account_that_is_named() -> None:
    end(found(line()), How(R.CORRECTED, account="revenue:tips"))
    assert (balances(), total("revenue:tips")) == ((390, 0), 390)
    assert failed() == []


def test_two_breaks_that_make_up_for_each_other_end_together() -> None:
    charge, back = found(line()), found(line(subject="line:2", received=False))
    end(charge, How(R.LINKED, other=back))
    assert balances() == (0, 0)
    assert list(Break.objects.values_list("state", "resolution")) == [("resolved", "linked")] * 2
    assert failed() == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (How(R.CORRECTED), "resolution_account_kept"),
        (How(R.CORRECTED, account="assets:psp:stripe:receivable"), "resolution_account_kept"),
        (How(R.CORRECTED, account="suspense:stripe"), "resolution_account_kept"),
        (How(R.CORRECTED, account="expenses:write_offs"), "resolution_account_kept"),
        (How(R.LINKED, other="brk_x"), "resolution_link_uneven"),
    ],
)
def test_what_cannot_be_is_refused_and_posts_nothing(how: How, code: str) -> None:
    held = found(line())
    assert refusal(lambda: end(held, how)) == code
    assert (balances(), Break.objects.get().state) == ((390, -390), "open")


def test_a_link_is_of_as_much_the_other_way() -> None:
    held = found(line())
    others = [line(subject="2"), line(391, subject="3", received=False)]
    for other in [found(each) for each in others]:
        assert refusal(partial(end, held, How(R.LINKED, other=other))) == "resolution_link_uneven"
    assert refusal(lambda: end(held, How(R.LINKED, other=held))) == "resolution_link_uneven"
    assert refusal(lambda: end("brk_x", How(R.LINKED, other=held))) == "break_not_found"


def test_what_holds_no_money_is_only_explained() -> None:
    held = found(line(LARGE, posted=False))
    assert refusal(lambda: end(held, WRITTEN_OFF)) == "resolution_moves_nothing"
    end(held, How())
    assert Break.objects.get().resolution == "explained"


def test_above_the_limit_nobody_resolves_a_break_alone() -> None:
    held = found(line(LARGE))
    for how in (How(), WRITTEN_OFF):
        assert refusal(partial(end, held, how)) == "second_person_required"
    assert refusal(lambda: end(held, WRITTEN_OFF, approved_by="ann")) == "second_person_required"
    assert balances() == (LARGE, -LARGE)
    # At the limit one person does
    end(found(line(LARGE - 1, subject="2")), WRITTEN_OFF)


def test_one_proposes_and_another_one_agrees() -> None:
    held = found(line(LARGE, received=False))
    proposal = propose(held)
    assert balances() == (-LARGE, LARGE)
    assert refusal(lambda: propose(held)) == "resolution_open"
    assert refusal(lambda: approve(proposal, "ann")) == "second_person_required"
    for _ in range(2):
        approve(proposal, "bob")
    assert (balances(), total("expenses:write_offs")) == ((-LARGE, 0), LARGE)
    assert Break.objects.get().resolved_by == "ann and bob"
    assert refusal(lambda: approve(proposal, "eve")) == "resolution_closed"
    assert failed() == []


def test_a_proposal_sent_twice_is_one() -> None:
    held, operation = found(line(LARGE)), uuid4()
    for _ in range(2):
        with transaction():
            told = {"how": How(), "reason": "A gift.", "by": "ann"}
            propose_resolution(break_id=held, operation=operation, now=NOW, **told)  # type: ignore[arg-type]  # the same
    assert Resolution.objects.count() == 1


@pytest.mark.parametrize(("by", "state"), [("ann", "withdrawn"), ("bob", "rejected")])
def test_a_proposal_is_put_away_without_any_effect(by: str, state: str) -> None:
    held = found(line(LARGE))
    proposal = propose(held)
    for _ in range(2):
        with transaction():
            assert close_resolution(resolution_id=proposal, by=by, now=NOW) == state
    assert balances() == (LARGE, -LARGE)
    assert refusal(lambda: approve(proposal, "eve")) == "resolution_closed"
    propose(held)


@pytest.mark.parametrize("by", ["ann", "bob"])
def test_what_is_proposed_nobody_resolves_otherwise(by: str) -> None:
    held, back = found(line()), found(line(subject="line:2", received=False))
    proposal = propose(held)
    with pytest.raises(PaymentRefused, match=proposal):
        end(held, WRITTEN_OFF, by=by)
    for each, how in ((held, How()), (held, How(R.LINKED, other=back)), (back, How(R.LINKED, other=held))):
        assert refusal(partial(end, each, how, by=by)) == "resolution_open"
        assert refusal(partial(propose, each, how, by=by)) == "resolution_open"
    assert (balances(), Resolution.objects.get().state) == ((0, 0), "proposed")
    assert set(Break.objects.values_list("state", flat=True)) == {"open"}
    approve(proposal, "bob")
    assert Break.objects.get(public_id=held).resolved_by == "ann and bob"


def test_what_another_person_has_rejected_is_for_two_from_then_on() -> None:
    held, back = found(line()), found(line(subject="line:2", received=False))
    proposal = propose(held)
    with transaction():
        close_resolution(resolution_id=proposal, by="bob", now=NOW)
    linked = How(R.LINKED, other=held)
    for by in ("ann", "bob", "eve"):
        assert refusal(partial(end, held, WRITTEN_OFF, by=by)) == "second_person_required"
        assert refusal(partial(end, back, linked, by=by)) == "second_person_required"
    assert set(Break.objects.values_list("state", flat=True)) == {"open"}
    approve(propose(back, linked), "eve")
    assert set(Break.objects.values_list("resolved_by", flat=True)) == {"ann and eve"}


def test_what_its_proposer_has_withdrawn_is_for_one_again_and_not_by_the_same_form() -> None:
    held, operation = found(line()), uuid4()
    told = {"break_id": held, "how": WRITTEN_OFF, "reason": "Lost.", "by": "ann", "operation": operation, "now": NOW}
    with transaction():
        proposal = propose_resolution(**told)  # type: ignore[arg-type]  # each as it is asked for
        close_resolution(resolution_id=proposal, by="ann", now=NOW)
    with transaction():
        resolve_break(**told)  # type: ignore[arg-type]  # the same
    assert (balances(), Break.objects.get().state) == ((390, -390), "open")
    end(held, WRITTEN_OFF)
    assert Break.objects.get().resolved_by == "ann"


def test_news_of_the_psp_overtakes_a_proposal() -> None:
    proposal = propose(found(line(LARGE)))
    with transaction():
        supersede_break(held=Break.objects.get(), reason="the PSP now reports another sum", now=NOW)
    assert Resolution.objects.get().state == "overtaken"
    assert refusal(lambda: approve(proposal, "bob")) == "resolution_closed"
    assert balances() == (0, 0)


def test_many_who_agree_at_once_post_once() -> None:
    proposal = propose(found(line(LARGE, received=False)))

    def agree(number: int) -> str:
        try:
            approve(proposal, f"person {number}")
        except PaymentRefused as refused:
            return refused.code
        return "approved"

    assert sorted(map(str, crowd(4, agree))) == ["approved"] + ["resolution_closed"] * 3
    assert total("expenses:write_offs") == LARGE


def test_a_proposal_that_nobody_made_is_not_found() -> None:
    assert refusal(lambda: approve("res_x", "bob")) == "resolution_not_found"


LIST = "/admin/payments/resolution/"


@pytest.fixture
def ann() -> Client:
    return person("ann", "view_break", "resolve_break", "view_resolution")


def test_the_page_of_a_large_break_proposes_and_another_person_approves(ann: Client) -> None:
    found(line(LARGE, received=False))
    page = f"/admin/payments/break/{Break.objects.get().pk}/resolve/"
    assert "somebody else has to agree" in ann.get(page).content.decode()
    sent = {"operation": str(uuid4()), "how": "written_off", "reason": "Lost."}
    for _ in range(2):
        assert ann.post(page, sent).status_code == 302
    proposal = Resolution.objects.get()
    approve_page = f"{LIST}{proposal.pk}/approve/"
    assert ann.post(approve_page, {"operation": str(uuid4())}).status_code == 403
    bob = person("bob", "view_resolution", "approve_resolution")
    assert "you sign for it" in bob.get(approve_page).content.decode()
    assert bob.post(approve_page, {"operation": str(uuid4())}).status_code == 302
    assert (balances(), total("expenses:write_offs")) == ((-LARGE, 0), LARGE)
    assert "/approve" not in bob.get(f"{LIST}{proposal.pk}/change/").content.decode()


def test_who_proposed_withdraws_on_its_page(ann: Client) -> None:
    propose(found(line(LARGE)))
    page = f"{LIST}{Resolution.objects.get().pk}/put-away/"
    assert person("eve", "view_resolution").post(page, {"operation": str(uuid4())}).status_code == 403
    assert ann.post(page, {"operation": str(uuid4())}).status_code == 302
    assert Resolution.objects.get().state == "withdrawn"


def test_a_small_break_is_corrected_on_its_page(ann: Client) -> None:
    found(line())
    page = f"/admin/payments/break/{Break.objects.get().pk}/resolve/"
    sent = {"operation": str(uuid4()), "how": "corrected", "account": "suspense:stripe", "reason": "A tip."}
    assert "is no account to correct" in ann.post(page, sent).content.decode()
    assert ann.post(page, {**sent, "account": "revenue:tips"}).status_code == 302
    assert total("revenue:tips") == 390
