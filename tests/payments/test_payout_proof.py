"""A payout is proved to the cent, by the PSP's lines and by the books, or breaks name what differs."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django_subatomic.db import transaction

from ledger.money import Money
from payments.bank_findings import open_missing_payout
from payments.find_unbalanced_payouts import find_unbalanced_payouts
from payments.models import Break, Payout
from payments.payout_proof import Proof, payout_proof
from payments.resolve_break import resolve_break
from payments.states import LineKind
from tests.factories import NOW
from tests.payments.holding import assert_in_order
from tests.payments.settling import converted, read, settled, told
from tests.payments.taking import give_back, take
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

K = LineKind
LATER = NOW + timedelta(days=1)
CHARGE = told(K.CHARGE, 1290, fee=43)
REFUND = told(K.REFUND, -290)
PAYOUT = told(K.PAYOUT, -900, occurred_at=LATER)


@pytest.fixture(autouse=True)
def paid() -> UUID:
    """Have a payment of 12.90 of which 2.90 went back."""
    attempt = take()
    give_back()
    return attempt


def proof(name: str = "po_1") -> Proof:
    found = payout_proof(payout=Payout.objects.get(psp_reference=name))
    assert found is not None
    return found


def moved(of: Proof) -> dict[str, tuple[int, int]]:
    """Return what moved, as the PSP says and as the books have it."""
    sums = {each.name: (each.told.amount_minor, each.booked.amount_minor) for each in of.movements}
    return {name: both for name, both in sums.items() if both != (0, 0)}


def test_a_payout_whose_lines_are_what_we_know_is_proved_to_the_cent() -> None:
    settled(CHARGE, REFUND, told(K.FEE, 0, fee=7), PAYOUT)
    shown = proof()
    assert (str(shown.opening), str(shown.closing), shown.since) == ("EUR 0.00", "EUR 0.50", None)
    assert moved(shown) == {
        "Captures": (1290, 1290),
        "Refunds": (-290, -290),
        "Fees": (-50, -50),
        "Payout": (-900, -900),
    }
    assert (shown.adds_up, shown.breaks, str(shown.unexplained), shown.is_proved) == (True, (), "EUR 0.00", True)
    assert_in_order()


def test_what_came_in_the_second_of_the_payout_came_before_it_in_whatever_order_it_is_read() -> None:
    at_once = told(K.PAYOUT, -900)
    settled(at_once, REFUND, CHARGE)
    shown = proof()
    assert moved(shown) == {
        "Captures": (1290, 1290),
        "Refunds": (-290, -290),
        "Fees": (-43, -43),
        "Payout": (-900, -900),
    }
    assert (str(shown.closing), shown.adds_up, shown.is_proved) == ("EUR 0.57", True, True)
    # And not once more in the next one, of the same second
    settled(told(K.PAYOUT, -57, psp_reference="po_2", line_id="2"))
    assert moved(proof("po_2")) == {"Payout": (-57, -57)}
    assert (str(proof("po_2").opening), str(proof("po_2").closing)) == ("EUR 0.57", "EUR 0.00")


def test_the_next_payout_opens_with_what_was_left() -> None:
    settled(CHARGE, REFUND, PAYOUT)
    more = LATER + timedelta(hours=1)
    second = told(K.PAYOUT, -40, occurred_at=more, psp_reference="po_2", line_id="2")
    settled(told(K.FEE, 0, fee=7, occurred_at=more), second)
    shown = proof("po_2")
    assert (str(shown.opening), str(shown.closing), shown.since) == ("EUR 0.57", "EUR 0.10", LATER)
    assert moved(shown) == {"Fees": (-7, -7), "Payout": (-40, -40)}
    assert shown.is_proved
    assert proof().is_proved


def test_what_differs_is_named_by_its_breaks() -> None:
    # Given a cent more than ours, a charge twice, one that nobody knows, and something that the PSP made up
    settled(
        told(K.CHARGE, 1291, fee=43),
        told(K.CHARGE, 1291, fee=43, line_id="2"),
        told(K.CHARGE, 500, line_id="3", psp_reference="x", payment_reference="x"),
        told(K.OTHER, -7, reason="reserve"),
        told(K.REFUND, -291),
        PAYOUT,
    )
    shown = proof()
    assert moved(shown)["Captures"] == (1291 + 1291 + 500, 1290)
    assert (moved(shown)["Refunds"], moved(shown)["Other"]) == ((-291, -290), (-7, 0))
    named = sorted((each.kind, each.money.amount_minor) for each in shown.breaks)
    assert named == [
        ("amount_mismatch", -1),
        ("amount_mismatch", 1),
        ("duplicate", 1291),
        ("missing_internal", -7),
        ("missing_internal", 500),
    ]
    assert (str(shown.difference), str(shown.named), shown.is_proved) == ("EUR 17.84", "EUR 17.84", True)
    # A break that is resolved still says what it was
    held = Break.objects.get(amount_minor=7)
    with transaction():
        resolve_break(break_id=held.public_id, reason="A reserve.", by="ann", now=NOW)
    assert proof().is_proved
    assert "resolved" in {each.state for each in proof().breaks}


def test_what_was_converted_differs_in_the_buyers_currency() -> None:
    line = converted(told(K.CHARGE, 1400, fee=43, currency="USD"), Money(1291, "EUR"), None)
    settled(line, told(K.PAYOUT, -900, currency="USD", occurred_at=LATER))
    shown = proof()
    assert moved(shown)["Captures"] == (1400, 1400)
    ((name, counts),) = [(str(each.money), each.counts) for each in shown.breaks]
    assert (name, counts, shown.is_proved) == ("EUR 0.01", False, True)


def test_lines_that_are_not_compared_yet_are_no_proof() -> None:
    settled(PAYOUT)
    read(CHARGE)
    shown = proof()
    assert (shown.new_lines, str(shown.unexplained), shown.is_proved) == (1, "EUR 12.47", False)


@pytest.fixture
def ann() -> Client:
    return person("ann", "view_payout")


def page(more: str = "") -> str:
    return f"/admin/payments/payout/{Payout.objects.get().pk}/proof/{more}"


def test_the_proof_is_a_page_and_prints(ann: Client) -> None:
    settled(CHARGE, REFUND, told(K.OTHER, -7, reason="<b>reserve"), PAYOUT)
    shown = ann.get(page()).content.decode()
    assert "EUR 12.90" in shown
    assert "Proved: every minor unit is explained." in shown
    assert "&lt;b&gt;reserve" in shown
    printed = ann.get(page("?print")).content.decode()
    assert "for printing" in printed
    assert Break.objects.get().public_id in printed
    assert person("bob", "view_attempt").get(page()).status_code == 403


def test_the_file_has_no_formula_in_it(ann: Client) -> None:
    settled(CHARGE, REFUND, told(K.OTHER, -7, reason="=1+1"), PAYOUT)
    answer = ann.get(page("?csv"))
    assert answer["Content-Disposition"].startswith('attachment; filename="proof-po_')
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[1][:2] == ["Opening receivable", "0.00"]
    assert rows[2] == ["Captures", "12.90", "12.90", "0.00", "EUR", ""]
    assert rows[-1][:4] == ["Unexplained", "", "", "0.00"]
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+@|%" and cell]
    assert [cell for cell in cells if cell.startswith("-")] == [
        "-2.90",
        "-2.90",
        "-0.07",
        "-0.07",
        "-0.43",
        "-0.43",
        "-9.00",
        "-9.00",
        "-0.07",
    ]


def test_without_its_own_line_there_is_no_proof_yet(ann: Client) -> None:
    settled(PAYOUT)
    Payout.objects.update(psp_reference="po_of_old")
    assert "is not read yet" in ann.get(page("?csv")).content.decode()


def test_a_payout_that_is_not_the_sum_of_its_lines_has_a_break_until_it_is() -> None:
    out: dict[str, Any] = {"payout_reference": "po_1"}
    settled(told(K.CHARGE, 1290, fee=43, **out), told(K.PAYOUT, -1200, **out))
    assert find_unbalanced_payouts(now=NOW + timedelta(days=1)) == 0
    late = NOW + timedelta(days=1, seconds=1)
    assert [find_unbalanced_payouts(now=late) for _ in range(2)] == [1, 0]
    held = Break.objects.get()
    assert (held.kind, held.amount_minor, held.received, held.in_suspense) == ("unexplained", 47, True, False)
    # And its proof names that, though the books have each of its lines
    (named,) = proof().breaks
    assert (named.public_id, str(named.money), named.counts) == (held.public_id, "EUR 0.47", False)
    assert proof().is_proved
    # When the rest is read
    settled(told(K.FEE, 0, fee=47, line_id="2", **out))
    assert find_unbalanced_payouts(now=late) == 0
    held.refresh_from_db()
    assert held.resolution == "superseded"
    assert proof().breaks == ()


def test_what_the_bank_does_not_show_of_a_payout_is_named_in_its_proof_and_in_no_other() -> None:
    second = told(K.PAYOUT, -57, occurred_at=LATER + timedelta(hours=1), psp_reference="po_2", line_id="2")
    settled(CHARGE, REFUND, PAYOUT, second)
    with transaction():
        open_missing_payout(payout=Payout.objects.get(psp_reference="po_1"), now=NOW)
    assert [(each.kind, each.counts) for each in proof().breaks] == [("missing_external", False)]
    assert proof("po_2").breaks == ()
