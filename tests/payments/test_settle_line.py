"""A settlement line proves what the PSP did, and books what it costs, once."""

from uuid import UUID

import pytest
from django_subatomic.db import transaction

from exactly_once.models import OutboxEvent
from ledger.accounts import close_account
from ledger.models import Transaction
from ledger.money import Money
from payments.capture import settle_capture
from payments.chart import ensure_settlement_chart
from payments.models import Attempt, Break, SettlementLine
from payments.psp.outcomes import (
    Approved,
    CaptureSucceeded,
    Declined,
    RefundFailed,
    RequiresAction,
    Unknown,
)
from payments.settle_line import settle_due_lines, settle_line
from payments.settle_refund import settle_refund
from payments.states import LineKind
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.holding import EUR, ask, assert_in_order, begin, news, states
from tests.payments.settling import balances, breaks, read, settled, told
from tests.payments.taking import give_back, refund

pytestmark = pytest.mark.django_db(transaction=True)

K = LineKind
CHARGE = told(K.CHARGE, 1290, fee=43)
PARTS = [("cap_1", 289), ("cap_2", 1002)]


def test_a_charge_that_is_known_costs_its_fee(paid: UUID) -> None:
    assert settled(CHARGE) == ["matched"]
    assert balances() == {"receivable": 1247, "fees": 43, "orders": 1290}
    assert SettlementLine.objects.get().capture == Attempt.objects.get().captures.get()
    assert_in_order()


@pytest.mark.parametrize(
    "known", [None, Unknown("time-out"), RequiresAction("pi_1", redirect_url="https://bank.example")]
)
def test_a_charge_ends_an_attempt_whose_outcome_is_open(attempt: UUID, known: Unknown | RequiresAction | None) -> None:
    # Given an attempt of which only we know, and our id in the PSP's record
    if known is not None:
        news(attempt, known)
    # When
    assert settled(told(K.CHARGE, 1290, fee=43, our_id=attempt)) == ["matched"]
    # Then
    assert states() == ("succeeded", "captured", 1290)
    assert balances() == {"receivable": 1247, "fees": 43, "orders": 1290}
    assert OutboxEvent.objects.filter(type="payment_intent.succeeded").count() == 1
    assert_in_order()


def test_a_charge_of_an_authorisation_is_its_capture() -> None:
    attempt = begin()
    news(attempt, Approved("pi_1", captured=False, money=EUR))
    assert settled(told(K.CHARGE, 1000, fee=39)) == ["matched"]
    assert states() == ("succeeded", "captured", 1000)
    assert balances() == {"receivable": 961, "fees": 39, "orders": 1000}
    assert_in_order()


def test_a_charge_of_a_closed_attempt_is_surplus_and_goes_back(attempt: UUID) -> None:
    news(attempt, Declined("pi_1", reason="card_declined", soft=False))
    assert settled(CHARGE) == ["matched"]
    assert Attempt.objects.get().state == "surplus"
    assert balances() == {"receivable": 1247, "fees": 43, "refunds": 1290}
    assert_in_order()


def test_a_charge_that_nobody_knows_of_stands_in_suspense(paid: UUID) -> None:
    line = told(K.CHARGE, 500, fee=32, psp_reference="pi_x", payment_reference="pi_x")
    assert settled(line) == ["missing_internal"]
    assert breaks() == [("missing_internal", "open", 500, True, True)]
    assert balances() == {"receivable": 1758, "fees": 32, "orders": 1290, "suspense": -500}
    assert_in_order()


@pytest.mark.parametrize("minor", [1289, 1291])
def test_another_amount_than_ours_is_in_question(paid: UUID, minor: int) -> None:
    assert settled(told(K.CHARGE, minor, fee=43)) == ["amount_mismatch"]
    assert breaks() == [("amount_mismatch", "open", 1, minor > 1290, True)]
    assert balances()["receivable"] == minor - 43
    assert_in_order()


def test_another_amount_than_asked_leaves_the_outcome_unknown(attempt: UUID) -> None:
    assert settled(told(K.CHARGE, 1289, fee=43, our_id=attempt)) == ["amount_mismatch"]
    assert states() == ("processing", "unknown", 0)
    assert balances() == {"receivable": 1246, "fees": 43, "suspense": -1289}
    # When the webhook says the same, nothing is added
    news(attempt, Approved("pi_1", captured=True, money=Money(1289, "EUR")))
    assert (Break.objects.count(), balances()["receivable"]) == (1, 1246)
    assert_in_order()


def test_a_line_is_looked_at_again_where_the_psp_corrects_itself(attempt: UUID) -> None:
    # Given
    assert settled(told(K.CHARGE, 1289, fee=43, our_id=attempt)) == ["amount_mismatch"]
    # When the PSP's webhook says what we asked for
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    line = SettlementLine.objects.get()
    assert settle_line(line_pk=line.pk, now=NOW) == "amount_mismatch"
    # Then the cent is in question
    assert [row[2] for row in breaks()] == [1289, 1]
    assert balances() == {"receivable": 1246, "fees": 43, "orders": 1290, "suspense": 1}
    assert_in_order()


def test_a_line_in_another_currency_without_a_conversion_is_in_question(paid: UUID) -> None:
    assert settled(told(K.CHARGE, 1400, fee=45, currency="USD")) == ["currency_mismatch"]
    assert breaks() == [("currency_mismatch", "open", 1400, True, True)]
    assert balances() == {"receivable": 1290, "orders": 1290}
    assert balances("USD") == {"receivable": 1355, "fees": 45, "suspense": -1400}
    assert_in_order()


def test_a_second_line_of_one_capture_is_a_duplicate(paid: UUID) -> None:
    assert settled(CHARGE, told(K.CHARGE, 1290, fee=43, line_id="txn_2")) == ["matched", "duplicate"]
    assert breaks() == [("duplicate", "open", 1290, True, True)]
    assert balances() == {"receivable": 2494, "fees": 86, "orders": 1290, "suspense": -1290}
    assert_in_order()


def test_a_second_line_of_a_capture_in_question_is_a_duplicate(paid: UUID) -> None:
    wrong, right = told(K.CHARGE, 1289), told(K.CHARGE, 1290, line_id="txn_2")
    assert settled(wrong, right) == ["amount_mismatch", "duplicate"]
    assert balances() == {"receivable": 1289 + 1290, "orders": 1290, "suspense": 1 - 1290}
    assert_in_order()


def test_each_of_several_captures_has_a_line_and_a_question_of_its_own() -> None:
    # Given an authorisation that was taken in two parts
    attempt = begin()
    news(attempt, Approved("pi_1", captured=False, money=EUR))
    for number, minor in (("cap_1", 290), ("cap_2", 1000)):
        capture = ask(minor, final=number == "cap_2")
        with transaction():
            settle_capture(capture_uuid=capture, outcome=CaptureSucceeded(number, Money(minor, "EUR")), now=NOW)
    # When the PSP settles both otherwise
    lines = [told(K.CHARGE, minor, line_id=f"txn_{name}", psp_reference=name) for name, minor in PARTS]
    for _ in range(2):
        assert settled(*lines) == ["amount_mismatch"] * 2
    # Then
    assert breaks() == [("amount_mismatch", "open", 1, False, True), ("amount_mismatch", "open", 2, True, True)]
    assert balances() == {"receivable": 1291, "orders": 1290, "suspense": -1}
    assert_in_order()


def test_a_refund_that_is_pending_is_settled_by_its_line(paid: UUID) -> None:
    ours = refund()
    assert settled(told(K.REFUND, -290, our_id=ours.uuid)) == ["matched"]
    ours.refresh_from_db()
    assert (ours.state, ours.psp_reference) == ("succeeded", "re_1")
    assert balances() == {"receivable": 1000, "orders": 1000}
    assert_in_order()


@pytest.mark.parametrize("failed_first", [False, True])
def test_a_refund_that_came_back_is_nothing_in_any_order(paid: UUID, failed_first: bool) -> None:
    ours = refund()
    lines = [told(K.REFUND, -290, our_id=ours.uuid), told(K.REFUND_FAILURE, 290, our_id=ours.uuid)]
    assert settled(*(lines[::-1] if failed_first else lines)) == ["matched", "matched"]
    ours.refresh_from_db()
    assert ours.state == "failed"
    assert balances() == {"receivable": 1290, "orders": 1290}
    assert_in_order()


def test_a_refund_that_nobody_asked_for_stands_in_suspense(paid: UUID) -> None:
    assert settled(told(K.REFUND, -290)) == ["missing_internal"]
    assert breaks() == [("missing_internal", "open", 290, False, True)]
    assert balances() == {"receivable": 1000, "orders": 1290, "suspense": 290}
    assert_in_order()


def test_a_refund_of_another_sum_is_in_question(paid: UUID) -> None:
    give_back()
    assert settled(told(K.REFUND, -291)) == ["amount_mismatch"]
    assert breaks() == [("amount_mismatch", "open", 1, False, True)]
    assert balances() == {"receivable": 999, "orders": 1000, "suspense": 1}
    assert_in_order()


def test_a_refund_that_the_psp_paid_twice_is_a_duplicate(paid: UUID) -> None:
    ours = refund()
    first = told(K.REFUND, -290, our_id=ours.uuid)
    again = told(K.REFUND, -290, our_id=ours.uuid, line_id="txn_2", psp_reference="re_2")
    assert settled(first, again) == ["matched", "duplicate"]
    assert breaks() == [("duplicate", "open", 290, False, True)]
    assert balances() == {"receivable": 710, "orders": 1000, "suspense": 290}
    assert_in_order()


def test_a_refund_that_was_refused_and_paid_all_the_same_is_in_question(paid: UUID) -> None:
    ours = refund()
    with transaction():
        settle_refund(refund_uuid=ours.uuid, outcome=RefundFailed(None, reason="refused"), now=NOW)
    assert settled(told(K.REFUND, -290, our_id=ours.uuid)) == ["missing_internal"]
    ours.refresh_from_db()
    assert ours.state == "failed"
    assert balances() == {"receivable": 1000, "orders": 1290, "suspense": 290}
    assert_in_order()


@pytest.mark.parametrize(
    ("minor", "left"), [(200, {"receivable": -200, "fees": 200}), (-200, {"receivable": 200, "fees": -200})]
)
def test_a_fee_by_itself_is_taken_or_returned(attempt: UUID, minor: int, left: dict[str, int]) -> None:
    assert settled(told(K.FEE, 0, fee=minor)) == ["matched"]
    assert balances() == left
    assert_in_order()


def test_what_a_psp_invents_is_for_people(attempt: UUID) -> None:
    assert settled(told(K.OTHER, 700, reason="reserve released")) == ["missing_internal"]
    assert "reserve released" in Break.objects.get().detail
    assert balances() == {"receivable": 700, "suspense": -700}
    assert settled(told(K.OTHER, 0, line_id="txn_2")) == ["void"]
    assert_in_order()


def test_a_line_that_the_books_do_not_take_says_why_and_holds_up_no_other(paid: UUID) -> None:
    # Given an account that takes no more entries
    with transaction():
        ensure_settlement_chart(book="shop", psp="stripe", currency="EUR")
        close_account(book="shop", code="expenses:psp_fees:stripe", currency="EUR", now=NOW)
    refused, taken = read(told(K.FEE, 0, fee=8, line_id="txn_2"), told(K.CHARGE, 1290))
    # When
    assert dict(settle_due_lines(limit=2, now=NOW).by_state) == {"matched": 1}
    # Then
    refused.refresh_from_db()
    taken.refresh_from_db()
    assert (refused.state, taken.state) == ("new", "matched")
    assert "closed" in refused.detail
    assert balances() == {"receivable": 1290, "orders": 1290}
    assert_in_order()


def test_webhooks_and_lines_that_race_book_it_once(attempt: UUID) -> None:
    # Given the answer, its webhook and its line, each three times at once
    (row,) = read(told(K.CHARGE, 1290, fee=43, our_id=attempt))
    approved = Approved("pi_1", captured=True, money=EUR)

    def tell(number: int) -> str:
        if number % 3:
            return news(attempt, approved)
        return str(settle_line(line_pk=row.pk, now=NOW))

    # When
    ends = crowd(9, tell)
    # Then
    assert (ends.count("captured"), ends.count("matched")) == (6, 3)
    assert balances() == {"receivable": 1247, "fees": 43, "orders": 1290}
    assert_in_order()


def test_ten_who_settle_one_line_book_it_once(paid: UUID) -> None:
    (row,) = read(CHARGE)
    assert crowd(10, lambda _: str(settle_line(line_pk=row.pk, now=NOW))) == ["matched"] * 10
    assert balances() == {"receivable": 1247, "fees": 43, "orders": 1290}
    assert Transaction.objects.filter(kind="settlement.fee").count() == 1
