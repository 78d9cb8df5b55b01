"""One finding opens one break, whose money stands in suspense until somebody has found out what it was."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.db.models import Sum
from django_subatomic.db import transaction

from ledger import journal
from ledger.accounts import open_book
from ledger.models import Transaction
from ledger.money import Money
from payments import settlement_rules
from payments.assign_break import assign_break
from payments.chart import ensure_suspense_chart
from payments.errors import PaymentNotFound, PaymentRefused
from payments.models import Break, BreakEvent
from payments.open_break import Finding
from payments.resolve_break import resolve_break
from payments.verify import checks
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.findings import balances, found, line, resolved
from tests.payments.holding import assert_in_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


@pytest.fixture
def _shop() -> None:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)


@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize("received", [True, False])
def test_a_person_resolves_a_break_once_and_its_money_leaves_suspense(received: bool) -> None:
    break_id = found(line(received=received))
    sign = 1 if received else -1
    assert balances() == (sign * 390, -sign * 390)
    resolved(break_id)
    assert balances() == (0, 0)
    row = Break.objects.get()
    assert (row.state, row.resolution, row.reason, row.resolved_by, row.resolved_at) == (
        "resolved",
        "explained",
        "It was a fee.",
        "ann",
        NOW,
    )
    with pytest.raises(PaymentRefused) as refusal:
        resolved(break_id, by="bob")
    assert (refusal.value.code, Transaction.objects.count()) == ("break_resolved", 2)
    assert Break.objects.get().resolved_by == "ann"
    assert_in_order()


@pytest.mark.usefixtures("_shop")
def test_a_finding_that_was_resolved_is_known_for_ever() -> None:
    break_id = found(line())
    resolved(break_id)
    assert found(line()) == break_id
    assert (balances(), Break.objects.count(), BreakEvent.objects.count()) == ((0, 0), 1, 2)


@pytest.mark.usefixtures("_shop")
def test_twenty_finders_of_one_line_open_one_break() -> None:
    assert len(set(crowd(20, lambda _: found(line())))) == 1
    assert (balances(), BreakEvent.objects.count()) == ((390, -390), 1)


@pytest.mark.usefixtures("_shop")
def test_two_people_at_once_resolve_a_break_once() -> None:
    break_id = found(line())

    def attempt_it(number: int) -> str:
        try:
            resolved(break_id, by=f"person {number}")
        except PaymentRefused as refusal:
            return refusal.code
        return "done"

    assert sorted(map(str, crowd(10, attempt_it))) == ["break_resolved"] * 9 + ["done"]
    assert (balances(), Transaction.objects.count()) == ((0, 0), 2)


@pytest.mark.usefixtures("_shop")
def test_a_resolution_that_is_sent_twice_is_made_once() -> None:
    break_id, operation = found(line()), uuid4()
    for _ in range(2):
        with transaction():
            resolve_break(break_id=break_id, reason="A fee.", by="ann", now=NOW, operation=operation)
    assert (balances(), history()) == ((0, 0), [("opened", "tally"), ("explained", "ann")])


@pytest.mark.usefixtures("_shop")
def test_a_break_is_not_resolved_without_a_reason() -> None:
    break_id = found(line())
    with pytest.raises(PaymentRefused) as refusal, transaction():
        resolve_break(break_id=break_id, reason=" ", by="ann", now=NOW)
    assert (refusal.value.code, balances(), history()) == ("reason_required", (390, -390), [("opened", "tally")])


@pytest.mark.usefixtures("_shop")
def test_a_break_is_given_to_somebody_once_for_each_click() -> None:
    break_id, operation, later = found(line()), uuid4(), NOW + timedelta(days=9)
    for _ in range(2):
        with transaction():
            assign_break(break_id=break_id, owner="cy", by="ann", now=NOW, due_at=later, operation=operation)
    row = Break.objects.get()
    assert (row.owner, row.due_at, history()) == ("cy", later, [("opened", "tally"), ("assigned", "ann")])
    # When it is given back
    with transaction():
        assign_break(break_id=break_id, owner="", by="cy", now=NOW)
    # Then it is due as before
    row.refresh_from_db()
    assert (row.owner, row.due_at) == ("", later)
    resolved(break_id)
    with pytest.raises(PaymentRefused) as refusal, transaction():
        assign_break(break_id=break_id, owner="cy", by="ann", now=NOW)
    assert (refusal.value.code, Break.objects.get().owner) == ("break_resolved", "")


def history() -> list[tuple[str, str]]:
    return list(BreakEvent.objects.order_by("pk").values_list("what", "by"))


def test_no_break_is_not_found() -> None:
    with pytest.raises(PaymentNotFound) as refusal:
        resolved("brk_none")
    assert refusal.value.code == "break_not_found"


@pytest.mark.usefixtures("_shop")
def test_what_a_break_says_and_how_it_ended_is_not_changed_by_anybody() -> None:
    break_id = found(line())
    with pytest.raises(DatabaseError, match="fixed"):
        Break.objects.update(amount_minor=1)
    resolved(break_id)
    with pytest.raises(DatabaseError, match="final"):
        Break.objects.update(reason="another")
    with pytest.raises(DatabaseError, match="append-only"):
        BreakEvent.objects.update(by="another")
    with pytest.raises(DatabaseError, match="append-only"):
        BreakEvent.objects.all().delete()


@pytest.mark.usefixtures("_shop")
def test_the_same_line_of_another_account_is_another_finding() -> None:
    other = Finding(**{**{name: getattr(line(), name) for name in Finding.__slots__}, "psp_account": "other"})
    assert found(line()) != found(other)
    assert Break.objects.aggregate(total=Sum("amount_minor"))["total"] == 780


@pytest.mark.usefixtures("_shop")
def test_verify_names_a_break_that_nobody_looks_into() -> None:
    break_id = found(line())
    assert_in_order()
    (wrong,) = [check for check in checks(now=NOW + timedelta(days=3)) if not check.passed]
    assert (wrong.name, break_id in wrong.detail) == ("payments: no break is open past its due time", True)


@pytest.mark.usefixtures("_shop")
def test_verify_names_a_break_that_came_without_a_history() -> None:
    found(line(posted=False))
    other = Break.objects.get()
    other.pk, other.public_id, other.subject = None, "brk_other", "line:txn_2"
    other.save(force_insert=True)
    (wrong,) = [check for check in checks(now=NOW) if not check.passed]
    assert "history" in wrong.name
    assert "brk_other" in wrong.detail


@pytest.mark.usefixtures("_shop")
def test_verify_names_money_in_suspense_that_no_break_speaks_of() -> None:
    about = settlement_rules.Unexplained("stripe", "brk_none", "")
    with transaction():
        ensure_suspense_chart(book="shop", psp="stripe", currency="EUR")
        journal.post(
            book="shop",
            drafts=settlement_rules.unexplained(about=about, money=Money(5, "EUR"), received=True, now=NOW),
        )
    (wrong,) = [check for check in checks(now=NOW) if not check.passed]
    assert wrong.name == "payments: what stands in suspense is what open breaks say"
    assert "suspense:stripe EUR: ledger -5, breaks 0" in wrong.detail
