"""A PSP's settlement is read over HTTP, page by page and each line once, and the books then say what the PSP says."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_subatomic.db import transaction
from pytest_django import Settings

from checkout.models import CheckoutSession
from ledger.money import Money
from payments import tasks
from payments.import_settlement import Imported, import_settlement, restart_import
from payments.models import Attempt, Break, Payout, Refund, SettlementImport, SettlementLine
from payments.refund import request_refund, send_refund
from payments.settle_line import settle_due_lines
from payments.states import LineKind
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.settling import balances, read, told
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

K = LineKind
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _from_long_ago(psp: Psp) -> None:
    """Have the import begin before the virtual clock of the tests, which is behind the simulator's or ahead of it."""
    restart_import(psp="stripe", account="main", since=LONG_AGO, now=NOW)


def imported() -> Counter[str]:
    """Read all that there is and settle it; return how the new lines ended."""
    while import_settlement(psp="stripe", account="main", now=NOW).more:
        pass
    states: Counter[str] = Counter()
    while True:
        settled = settle_due_lines(limit=3, now=NOW)
        states.update(str(state) for state in settled.by_state.elements())
        if not settled.more:
            return states


def steer(psp: Psp, what: str, **command: Any) -> dict[str, Any]:
    return dict(psp.http.post(f"/_simulator/stripe/{what}", json=command).raise_for_status().json())


def refund(session: str, minor: int) -> Refund:
    with transaction():
        public_id = request_refund(order_reference=session, money=Money(minor, "EUR"), reason="test", now=NOW)
    ours = Refund.objects.get(public_id=public_id)
    send_refund(refund_uuid=ours.uuid, now=NOW)
    return ours


def sold_and_paid_out(psp: Psp) -> None:
    """Sell three times, pay some back, lose a dispute, pay for a service of the PSP's, and have the rest paid out."""
    shop = open_shop()
    sessions = [open_session(shop) for _ in range(3)]
    for session in sessions:
        pay(session)
    refund(sessions[0], 290)
    payment = Attempt.objects.order_by("pk").last()
    assert payment is not None
    steer(psp, "disputes", payment_intent=payment.psp_reference, status="lost")
    steer(psp, "balance", currency="eur", adjust=-200, type="stripe_fee", reason="Radar")
    steer(psp, "payouts", currency="EUR", status="paid")


def test_the_books_owe_what_the_psp_owes(psp: Psp) -> None:
    # Given no webhook ever
    sold_and_paid_out(psp)
    # When
    assert imported() == {"matched": 7}
    # Then what came is with a bank that disputes, with the PSP for its work, and with us
    assert steer(psp, "balance") == {"eur": 0}
    assert balances() == {"bank": 461, "disputed": 1290, "dispute fees": 1500, "fees": 329, "orders": 3580}
    assert Payout.objects.get().amount_minor == 461 == 3870 - 290 - 1290 - 1500 - 329
    assert Break.objects.count() == 0
    assert nothing_is_wrong() == []
    # When it is read again, from the start
    restart_import(psp="stripe", account="main", since=LONG_AGO, now=NOW)
    assert imported() == {}
    assert SettlementLine.objects.count() == 7


def test_lines_say_which_payout_they_go_out_by(psp: Psp) -> None:
    sold_and_paid_out(psp)
    imported()
    pay(open_session(open_shop()))
    imported()
    payout = Payout.objects.get().psp_reference
    paid_out = SettlementLine.objects.filter(payout_reference=payout)
    assert (paid_out.count(), sum(line.net_minor for line in paid_out)) == (7, 0)
    assert SettlementLine.objects.filter(payout_reference="").count() == 1


def test_a_lost_reply_is_made_good_by_the_settlement(psp: Psp) -> None:
    # Given a buyer whose payment nobody knows the outcome of
    session = open_session(open_shop())
    assert pay(session, "pm_tally_dropReply").status == 202
    # When
    assert imported() == {"matched": 1}
    # Then
    assert Attempt.objects.get().state == "captured"
    assert CheckoutSession.objects.get(public_id=session).state == "completed"
    assert balances() == {"receivable": 1247, "fees": 43, "orders": 1290}
    assert nothing_is_wrong() == []


def test_a_shop_that_settles_in_another_currency_is_owed_in_it(psp: Psp) -> None:
    steer(psp, "balance", currency="eur", settles_in="usd", rate="1.0853")
    session = open_session(open_shop())
    pay(session)
    refund(session, 290)
    steer(psp, "payouts", currency="USD", status="paid")
    assert imported() == {"matched": 3}
    assert steer(psp, "balance") == {"usd": 0}
    assert balances() == {"orders": 1000, "fx": -1000}
    assert balances("USD") == {"bank": 1040, "fees": 45, "fx": 1085}
    assert nothing_is_wrong() == []


def test_pages_are_kept_one_by_one(psp: Psp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.import_settlement.LINES_IN_A_PAGE", 2)
    sold_and_paid_out(psp)
    # When it stops after the first page
    assert import_settlement(psp="stripe", account="main", now=NOW) == Imported(read=2, new=2, more=True)
    assert SettlementLine.objects.count() == 2
    # Then it goes on from there
    assert imported() == {"matched": 7}
    assert nothing_is_wrong() == []


def test_ten_who_read_at_once_keep_each_line_once(psp: Psp) -> None:
    sold_and_paid_out(psp)
    crowd(10, lambda _: import_settlement(psp="stripe", account="main", now=NOW))
    assert imported() == {"matched": 7}
    assert SettlementLine.objects.count() == 7


def test_a_psp_that_does_not_answer_is_noted_until_it_does(psp: Psp) -> None:
    sold_and_paid_out(psp)
    psp.http.post("/_simulator/faults", json={"next_reads": ["error500", "reset"]}).raise_for_status()
    later = NOW + timedelta(hours=1)
    # When
    assert "500" in import_settlement(psp="stripe", account="main", now=NOW).failure
    assert "no reply" in import_settlement(psp="stripe", account="main", now=later).failure
    # Then
    row = SettlementImport.objects.get()
    assert (row.cursor, row.failed_at, "no reply" in row.failure) == ("", NOW, True)
    assert SettlementLine.objects.count() == 0
    # When it answers
    assert import_settlement(psp="stripe", account="main", now=later).read == 7
    row.refresh_from_db()
    assert (row.failed_at, row.failure, row.read_at) == (None, "", later)


def test_the_first_import_begins_with_the_first_attempt(psp: Psp) -> None:
    # Given what happened over there before Tally was
    SettlementImport.objects.all().delete()
    steer(psp, "balance", currency="eur", adjust=700, type="topup")
    psp.http.post("/_simulator/clock", json={"advance_seconds": 10}).raise_for_status()
    pay(open_session(open_shop()))
    Attempt.objects.update(submitted_at=datetime.now(UTC) + timedelta(seconds=5))
    # When
    assert imported() == {"matched": 1}
    # Then
    assert SettlementLine.objects.get().kind == "charge"


def test_a_line_that_says_something_else_later_is_kept_and_looked_into(psp: Psp) -> None:
    pay(open_session(open_shop()))
    (row,) = read(told(K.FEE, 0, fee=7, payout_reference="po_1"))
    # When
    read(told(K.FEE, 0, fee=8, payout_reference="po_1"))
    read(told(K.FEE, 0, fee=7, payout_reference="po_2"))
    read(told(K.FEE, 0, fee=7, payout_reference="po_2"))
    # Then
    row.refresh_from_db()
    assert (row.fee_minor, row.payout_reference) == (7, "po_1")
    found = Break.objects.order_by("pk").values_list("kind", "amount_minor", "received", "in_suspense")
    assert list(found) == [("contradiction", 1, False, False), ("contradiction", 0, False, False)]


def test_the_command_reads_books_and_says_so(psp: Psp, capsys: pytest.CaptureFixture[str]) -> None:
    sold_and_paid_out(psp)
    call_command("settlement_import", psp="stripe", since=LONG_AGO)
    assert "14 lines read, 7 of them new; settled: 7 matched." in capsys.readouterr().err
    call_command("settlement_import", psp="stripe")
    assert "0 lines read, 0 of them new; settled: none." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("psp_name", "fault", "told_is"), [("nobody", None, "no account"), ("stripe", "error500", "500")]
)
def test_the_command_fails_where_nothing_can_be_read(psp: Psp, psp_name: str, fault: str | None, told_is: str) -> None:
    psp.http.post("/_simulator/faults", json={"next_reads": [fault]}).raise_for_status()
    with pytest.raises(CommandError, match=told_is):
        call_command("settlement_import", psp=psp_name)
    psp.http.delete("/_simulator/data")


def test_tasks_read_and_settle_what_nobody_asked_for(psp: Psp, settings: Settings) -> None:
    sold_and_paid_out(psp)
    tasks.import_page("stripe", "main")
    tasks.import_page("stripe", "main")
    tasks.settle_lines()
    assert set(SettlementLine.objects.values_list("state", flat=True)) == {"matched"}
