"""A payout has arrived when the bank shows it; what the bank shows and nobody explains is found by its age."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import override_settings
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger import queries as ledger
from ledger.accounts import open_book
from ledger.money import Money
from payments.bank_candidates import bank_candidates
from payments.errors import PaymentNotFound, PaymentRefused
from payments.find_missing_payouts import find_missing_payouts
from payments.match_bank_lines import match_bank_lines
from payments.models import BankLine, Break, Payout
from payments.payout import settle_payout
from payments.psp.news import PayoutEvent
from payments.settle_bank_line import match_bank_line, set_aside_bank_line
from payments.states import FileKind, PayoutState
from payments.tasks import find_missing, match_bank
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.settling import balances
from tests.payments.statements.uploads import bank_csv, imported, mapping
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

TODAY = NOW.date()
OLD = NOW + timedelta(days=5)


@pytest.fixture(autouse=True)
def _shop() -> None:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    mapping()


def payout(name: str = "po_00001", minor: int = 6028, *, state: PayoutState = PayoutState.IN_TRANSIT) -> Payout:
    with transaction():
        event = PayoutEvent(name, state, Money(minor, "EUR"), arrives_on=TODAY)
        settle_payout(psp="stripe", account="main", event=event, now=NOW)
    return Payout.objects.get(psp_reference=name)


def booked(*lines: tuple[str, str], day: date = TODAY) -> list[BankLine]:
    """Import a statement with these amounts and texts."""
    rows = [f"{uuid4().hex[:12]},{day},{amount},{text}" for amount, text in lines]
    file = imported(bank_csv(*rows), FileKind.BANK_CSV)
    BankLine.objects.filter(file=file).update(imported_at=NOW)
    return list(BankLine.objects.filter(file=file).order_by("pk"))


def matched(*, now: datetime = NOW) -> dict[str, int]:
    return {str(state): count for state, count in match_bank_lines(limit=99, now=now).items()}


def found() -> list[tuple[str, str, int, bool, bool]]:
    rows = Break.objects.order_by("pk")
    return [(row.kind, row.state, row.amount_minor, row.received, row.in_suspense) for row in rows]


@pytest.mark.parametrize("text", ["po_00001", "STRIPE PO_00001", "Ref:po_00001/x", "{public_id}"])
def test_a_line_that_names_a_payout_of_its_amount_is_its_arrival(text: str) -> None:
    sent = payout()
    (line,) = booked(("60.28", text.format(public_id=sent.public_id)))
    assert matched() == {"matched": 1}
    line.refresh_from_db()
    sent.refresh_from_db()
    assert (line.payout, line.settled_by, sent.state, sent.arrives_on) == (sent, "tally", "paid", TODAY)
    assert balances() == {"receivable": -6028, "bank": 6028}
    assert OutboxEvent.objects.filter(type="payout.paid").count() == 1
    assert matched() == {}


def test_what_the_psp_said_before_is_not_booked_again() -> None:
    payout(state=PayoutState.PAID)
    booked(("60.28", "po_00001"))
    assert matched() == {"matched": 1}
    assert balances() == {"receivable": -6028, "bank": 6028}


@pytest.mark.parametrize("text", ["", "po_000011", "xpo_00001", "po_0000"])
def test_a_line_that_only_fits_is_left_to_a_person(text: str) -> None:
    payout()
    booked(("60.28", text))
    assert matched() == {}
    assert balances() == {}


def test_a_line_that_names_two_payouts_is_left_to_a_person() -> None:
    payout()
    payout("po_00002")
    booked(("60.28", "po_00001 po_00002"))
    assert matched() == {}
    assert matched(now=OLD) == {"missing_internal": 1}
    assert BankLine.objects.get().detail == "It names several payouts."


@pytest.mark.parametrize(
    ("amount", "kind", "minor", "received"),
    [("60.27", "amount_mismatch", 1, False), ("61.28", "amount_mismatch", 100, True)],
)
def test_another_amount_has_a_break_and_moves_nothing(amount: str, kind: str, minor: int, received: bool) -> None:
    sent = payout()
    booked((amount, "po_00001"))
    assert matched() == {kind: 1}
    assert found() == [(kind, "open", minor, received, False)]
    sent.refresh_from_db()
    assert (sent.state, balances()) == ("in_transit", {})


def test_another_currency_and_a_second_arrival_have_breaks() -> None:
    payout()
    booked(("60.28", "po_00001"), ("60.28", "po_00001"))
    assert matched() == {"matched": 1, "duplicate": 1}
    assert found() == [("duplicate", "open", 6028, True, False)]
    payout("po_00002", 500)
    (other,) = booked(("5.00", "po_00002"))
    Payout.objects.filter(psp_reference="po_00002").update(currency="USD")
    assert matched() == {"currency_mismatch": 1}
    other.refresh_from_db()
    assert other.finding is not None
    assert balances() == {"receivable": -6028, "bank": 6028}


def test_what_moves_nothing_is_void_and_what_failed_and_came_is_in_question() -> None:
    payout(state=PayoutState.FAILED)
    booked(("0.00", "po_00001"), ("60.28", "po_00001"))
    assert matched() == {"void": 1, "missing_internal": 1}
    assert found() == [("missing_internal", "open", 6028, True, False)]


def test_a_payout_that_went_back_is_matched_once_the_psp_says_so() -> None:
    payout()
    booked(("60.28", "po_00001"), ("-60.28", "po_00001 returned"))
    assert matched() == {"matched": 1}
    payout(state=PayoutState.FAILED)
    match_bank()
    assert BankLine.objects.filter(state="matched").count() == 2
    assert balances() == {}


def test_a_line_that_nobody_knows_has_a_break_by_age_until_somebody_does() -> None:
    sent = payout()
    (line,) = booked(("60.28", "who knows"))
    assert matched(now=OLD - timedelta(seconds=1)) == {}
    assert matched(now=OLD) == {"missing_internal": 1}
    assert found() == [("missing_internal", "open", 6028, True, False)]
    with transaction():
        match_bank_line(line_pk=line.pk, payout_id=sent.public_id, reason="The same day.", by="ann", now=OLD)
    assert [row[:2] for row in found()] == [("missing_internal", "resolved")]
    assert balances() == {"receivable": -6028, "bank": 6028}


def test_a_payout_that_no_statement_shows_has_a_break_until_one_does() -> None:
    payout()
    # Statements that are read from before its day to too little after it
    booked(("1", "x"), day=TODAY - timedelta(days=1))
    booked(("1", "x"), day=TODAY + timedelta(days=4))
    assert find_missing_payouts(limit=9, now=OLD) == 0
    booked(("1", "x"), day=TODAY + timedelta(days=5))
    assert [find_missing_payouts(limit=9, now=OLD) for _ in range(2)] == [1, 0]
    assert found() == [("missing_external", "open", 6028, False, False)]
    # When it comes late
    booked(("60.28", "po_00001"), day=TODAY + timedelta(days=6))
    find_missing()
    held = Break.objects.get(kind="missing_external")
    assert (held.state, held.resolution) == ("resolved", "superseded")


def test_a_payout_of_before_the_statements_is_not_missing() -> None:
    payout()
    booked(("1", "x"), day=TODAY + timedelta(days=1))
    booked(("1", "x"), day=TODAY + timedelta(days=30))
    assert find_missing_payouts(limit=9, now=OLD) == 0


def test_lines_of_one_payout_that_race_are_one_arrival() -> None:
    payout()
    booked(*[("60.28", "po_00001")] * 4)
    crowd(4, lambda _: matched())
    assert sorted(BankLine.objects.values_list("state", flat=True)) == [
        "duplicate",
        "duplicate",
        "duplicate",
        "matched",
    ]
    assert balances() == {"receivable": -6028, "bank": 6028}


def test_candidates_come_with_what_speaks_for_them() -> None:
    right, near, far = payout(), payout("po_00002", 6128), payout("po_00003", 999999)
    (line,) = booked(("60.28", "Stripe transfer"))
    scored = [(each.payout, each.score, str(each.beyond)) for each in bank_candidates(line=line)]
    assert scored == [(right, 100, "EUR 0.00"), (near, 46, "EUR -1.00"), (far, 40, "EUR -9939.71")]


@pytest.mark.parametrize(("amount", "fee"), [("59.78", 50), ("60.78", -50)])
def test_what_the_bank_kept_is_its_fee(amount: str, fee: int) -> None:
    sent = payout()
    (line,) = booked((amount, "po_00001"))
    assert matched() == {"amount_mismatch": 1}
    for _ in range(2):
        with transaction():
            match_bank_line(line_pk=line.pk, payout_id=sent.public_id, reason="Its fee.", by="ann", now=NOW)
    assert balances() == {"receivable": -6028, "bank": 6028 - fee}
    assert ledger.totals(code="expenses:bank_fees")["EUR"] == fee
    assert [row[:2] for row in found()] == [("amount_mismatch", "resolved")]


def refused(line: BankLine, payout_id: str, reason: str = "Why not.") -> str:
    with pytest.raises((PaymentRefused, PaymentNotFound)) as refusal, transaction():
        match_bank_line(line_pk=line.pk, payout_id=payout_id, reason=reason, by="ann", now=NOW)
    return refusal.value.code


@override_settings(BANK_ACCOUNTS=["main", "savings"])
def test_a_match_that_cannot_be_is_refused() -> None:
    sent, gone = payout(), payout("po_00002", state=PayoutState.FAILED)
    line, debit, large = booked(("60.28", "x"), ("-60.28", "y"), ("600.28", "z"))
    assert refused(line, "po_none") == "payout_not_found"
    assert refused(line, sent.public_id, "  ") == "reason_required"
    assert refused(line, gone.public_id) == "payout_has_arrived"
    assert refused(debit, sent.public_id) == "bank_line_of_another_payout"
    assert refused(large, sent.public_id) == "difference_too_large"
    with transaction():
        match_bank_line(line_pk=line.pk, payout_id=sent.public_id, reason="It is.", by="ann", now=NOW)
    assert refused(line, gone.public_id) == "bank_line_closed"
    assert refused(large, sent.public_id) == "payout_has_arrived"
    assert balances() == {"receivable": -6028, "bank": 6028}


LIST = "/admin/payments/bankline/"


def test_a_person_matches_a_line_and_sets_others_aside() -> None:
    sent = payout()
    line, rent, more = booked(("60.28", "transfer"), ("-1200", "rent"), ("3", "interest"))
    ann = person("ann", "view_bankline", "match_bankline", "view_payout")
    page = f"{LIST}{line.pk}/match/"
    assert "90 of 100" in ann.get(page).content.decode()
    form = {"operation": str(UUID(int=1)), "payout": sent.public_id, "reason": "The same day."}
    for _ in range(2):
        assert ann.post(page, form).status_code in (200, 302)
    assert "/match" not in ann.get(f"{LIST}{line.pk}/change/").content.decode()
    aside = f"{LIST}{rent.pk}/set-aside/"
    assert ann.post(aside, {"operation": str(UUID(int=2)), "reason": "Rent."}).status_code == 302
    with transaction():
        set_aside_bank_line(line_pk=rent.pk, reason="Rent.", by="bob", now=NOW)
    sent_ = {"action": "set_aside_these", "_selected_action": [more.pk]}
    assert "1 of 1 set aside" in ann.post(LIST, sent_).content.decode()
    # Nor without a reason
    assert ann.post(LIST, {**sent_, "confirmed": "1", "operation": str(UUID(int=3))}).status_code == 200
    told = {"confirmed": "1", "operation": str(UUID(int=3)), "reason": "Interest."}
    assert ann.post(LIST, {**sent_, **told}).status_code == 302
    states = BankLine.objects.order_by("pk").values_list("state", "settled_by", "detail")
    assert list(states) == [
        ("matched", "ann", "The same day."),
        ("void", "ann", "Rent."),
        ("void", "ann", "Interest."),
    ]
    assert balances() == {"receivable": -6028, "bank": 6028}


def test_who_may_only_look_says_nothing_of_a_line() -> None:
    (line,) = booked(("60.28", "transfer"))
    bob = person("bob", "view_bankline")
    for deed in ("match", "set-aside"):
        assert f"/{deed}" not in bob.get(f"{LIST}{line.pk}/change/").content.decode()
        assert bob.post(f"{LIST}{line.pk}/{deed}/", {"reason": "x"}).status_code == 403
