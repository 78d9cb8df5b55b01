"""Checkout.com's reports of payouts, in our words."""

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from ledger.money import Money
from payments.psp.checkoutcom_client import UNREADABLE
from payments.psp.checkoutcom_settlement import named_disputes, settlement_lines
from payments.psp.settlement import SettlementLine
from payments.states import LineKind, PayoutState
from tests.payments.psp.checkoutcom_csv import AT, COLUMNS, PAYOUT, report, row

K = LineKind
OURS = UUID("0198f7a0-0000-7000-8000-000000000001")
MADE_AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PROCESSED_AT = datetime(2026, 11, 23, 12, 8, 7, tzinfo=UTC)


def lines(*rows: dict[str, str]) -> list[SettlementLine]:
    return list(settlement_lines([report(*rows)], made_at=MADE_AT))


def in_short(found: list[SettlementLine]) -> list[tuple[str, int, int]]:
    """Return (kind, gross, fee) of each."""
    return [(line.kind, line.gross.amount_minor, line.fee.amount_minor) for line in found]


def test_a_capture_is_one_line_with_all_its_fees_and_the_payout_is_another() -> None:
    # Given
    captured = row("Capture", "12.90", Reference=str(OURS))
    fees = row("Premium Variable Fee", "-0.30"), row("Scheme Fixed Fee", "-0.1"), row("Scheme Fixed Fee Tax", "-0.02")
    # When
    capture, payout = lines(captured, *fees)
    # Then
    raw = capture.raw["rows"]
    assert capture == SettlementLine(
        line_id=f"act_1:{AT}:charge",
        kind=K.CHARGE,
        gross=Money(1290, "EUR"),
        fee=Money(42, "EUR"),
        net=Money(1248, "EUR"),
        occurred_at=PROCESSED_AT,
        psp_reference="act_1",
        payment_reference="pay_1",
        our_id=OURS,
        payout_reference=PAYOUT,
        reason="Capture",
        raw={"rows": raw},
    )
    assert [each["Breakdown Type"] for each in raw][:2] == ["Capture", "Premium Variable Fee"]
    assert "Ada" not in json.dumps(raw)
    assert payout == SettlementLine(
        line_id=PAYOUT,
        kind=K.PAYOUT,
        gross=Money(-1248, "EUR"),
        fee=Money(0, "EUR"),
        net=Money(-1248, "EUR"),
        occurred_at=MADE_AT,
        psp_reference=PAYOUT,
        payout_reference=PAYOUT,
        payout_state=PayoutState.IN_TRANSIT,
    )


@pytest.mark.parametrize(
    ("breakdown", "amount", "kind"),
    [
        ("Partial Capture", "4.00", K.CHARGE),
        ("Refund", "-2.90", K.REFUND),
        ("Partial Refund", "-2.90", K.REFUND),
        ("Clearing Failed", "2.90", K.REFUND_FAILURE),
        ("Chargeback (ADJM)", "-12.90", K.DISPUTE),
        ("Chargeback (ARWS)", "-12.90", K.DISPUTE),
        ("Chargeback (RPDW)", "12.90", K.DISPUTE_REVERSAL),
        ("Chargeback (CBRV)", "12.90", K.DISPUTE_REVERSAL),
        ("Chargeback (ARBW)", "12.90", K.DISPUTE_REVERSAL),
        ("Authorization Fixed Fee", "-0.08", K.FEE),
        ("Gateway Fixed Fee Tax", "0.02", K.FEE),
        # For people
        ("Chargeback (ARBL)", "-500.00", K.OTHER),
        ("Rolling Reserve Deducted", "-10.00", K.OTHER),
        ("Capture", "-12.90", K.OTHER),
        ("Refund", "2.90", K.OTHER),
        ("Clearing Failed", "-12.90", K.OTHER),
        ("Something new", "1.00", K.OTHER),
    ],
)
def test_a_line_s_kind_follows_from_what_it_is_called_and_which_way_it_goes(
    breakdown: str, amount: str, kind: LineKind
) -> None:
    line, *_ = lines(row(breakdown, amount, action="act_2"), row("Capture", "1000.00"))
    assert (line.kind, line.reason, line.psp_reference) == (kind, breakdown, "act_2")
    assert line.net == Money(int(Decimal(amount) * 100), "EUR")
    assert line.gross == (Money(0, "EUR") if kind is K.FEE else line.net)


def test_a_fee_that_comes_days_after_its_capture_is_a_line_of_its_own_and_never_the_capture_s() -> None:
    late = row("Interchange Fixed Fee", "-0.20", **{"Processed On": "2026-11-24 01:00:00"})
    first, second, _ = lines(row("Capture", "12.90"), late)
    assert [first.line_id, second.line_id] == [f"act_1:{AT}:charge", "act_1:2026-11-24 01:00:00:fee"]
    assert in_short([first, second]) == [("charge", 1290, 0), ("fee", 0, 20)]


def test_whatever_report_tells_a_line_it_is_the_same_line() -> None:
    told = [row("Capture", "12.90"), row("Premium Variable Fee", "-0.30"), row("Refund", "-2.90", action="act_2")]
    again = [{**each, "Payout ID": "000H0000000A"} for each in reversed(told)]
    names = {line.line_id: line.net for line in lines(*told) if line.kind is not K.PAYOUT}
    assert {line.line_id: line.net for line in lines(*again) if line.kind is not K.PAYOUT} == names


def test_fractions_of_a_cent_are_rounded_on_each_line_and_are_a_line_together() -> None:
    # Given 12.90 less 0.12255 and two fees of 0.004: 12.76945 in all, of which 12.76 goes out
    rows = (
        row("Capture", "12.90"),
        row("Premium Variable Fee", "-0.12255"),
        row("Void Fixed Fee", "-0.004", action="act_2"),
        row("Void Fixed Fee", "-0.004", action="act_3"),
    )
    # When
    *told, rounding, payout = lines(*rows)
    # Then
    assert in_short(told) == [("charge", 1290, 12), ("fee", 0, 0), ("fee", 0, 0)]
    assert in_short([rounding, payout]) == [("fee", 0, 2), ("payout", -1276, 0)]
    assert (rounding.line_id, rounding.payout_reference) == (f"{PAYOUT}:rounding", PAYOUT)


def test_what_the_rounding_takes_too_much_comes_back() -> None:
    rows = [row("Void Fixed Fee", "-0.006", action=f"act_{number}") for number in range(4)]
    *_, rounding, payout = lines(row("Capture", "12.90", action="act_c"), *rows)
    # 12.90 - 4 x 0.01 is 12.86; out goes 12.876, rounded down
    assert (rounding.line_id, rounding.kind, rounding.fee, payout.net) == (
        f"{PAYOUT}:rounding",
        K.FEE,
        Money(-1, "EUR"),
        Money(-1287, "EUR"),
    )
    assert (rounding.payout_reference, rounding.occurred_at) == (PAYOUT, MADE_AT)


def test_all_lines_together_are_nothing_whatever_the_fractions() -> None:
    chance = random.Random(7)
    for _ in range(200):
        fees = [f"-{chance.randrange(1, 10**7)}e-8" for _ in range(chance.randrange(12))]
        rows = [row("Premium Variable Fee", fee, action=f"act_{chance.randrange(4)}") for fee in fees]
        found = lines(row("Capture", "100.00"), *rows)
        assert sum(line.net.amount_minor for line in found) == 0
        paid = (Decimal(100) + sum(map(Decimal, fees))) * 100
        assert 0 <= paid + found[-1].net.amount_minor < 1


def test_the_minor_unit_is_the_currency_s() -> None:
    yen = {"Processing Currency": "JPY", "Holding Currency": "JPY"}
    dinar = {"Processing Currency": "KWD", "Holding Currency": "KWD"}
    assert in_short(lines(row("Capture", "1290", **yen))) == [("charge", 1290, 0), ("payout", -1290, 0)]
    assert in_short(lines(row("Capture", "12.905", **dinar))) == [("charge", 12905, 0), ("payout", -12905, 0)]


def test_what_is_held_in_another_currency_says_what_the_buyer_paid_and_at_which_rate() -> None:
    dollars = {"Processing Currency": "USD", "FX Rate Applied": "0.9213", "Processing Currency Amount": "12.90"}
    fee = row("Premium Variable Fee", "-0.10", **{**dollars, "Processing Currency Amount": "-0.11"})
    line, _ = lines(row("Capture", "11.88477", **dollars), fee)
    assert (line.gross, line.fee) == (Money(1188, "EUR"), Money(10, "EUR"))
    assert (line.original, line.exchange_rate) == (Money(1290, "USD"), Decimal("0.9213"))


def test_a_fee_in_another_currency_is_no_exchange_of_the_buyer_s_money() -> None:
    billed = {"Processing Currency": "GBP", "FX Rate Applied": "1.2", "Processing Currency Amount": "-0.07"}
    line, *_ = lines(row("Gateway Fixed Fee", "-0.08", action="act_2", **billed), row("Capture", "12.90"))
    assert (line.kind, line.original, line.exchange_rate) == (K.FEE, None, None)


def test_a_report_may_be_in_parts_and_an_action_in_two_of_them() -> None:
    parts = [report(row("Capture", "12.90")), report(row("Premium Variable Fee", "-0.30"))]
    assert in_short(list(settlement_lines(parts, made_at=MADE_AT))) == [("charge", 1290, 30), ("payout", -1260, 0)]


def test_a_name_that_is_not_ours_is_none() -> None:
    assert lines(row("Capture", "12.90", Reference="ORDER-1"))[0].our_id is None


DISPUTED = row("Chargeback (ADJM)", "-12.90", action="act_2"), row("Capture", "100.00")


def dispute(name: str, amount: int = 1290, currency: str = "EUR", payment: str = "pay_1") -> dict[str, object]:
    return {"id": name, "payment_id": payment, "amount": amount, "currency": currency}


@pytest.mark.parametrize(
    ("disputes", "kind", "reference"),
    [
        ([dispute("dsp_1")], K.DISPUTE, "dsp_1"),
        ([dispute("dsp_1", 1000)], K.DISPUTE, "dsp_1"),
        ([dispute("dsp_1", 1000), dispute("dsp_2")], K.DISPUTE, "dsp_2"),
        ([dispute("dsp_1"), dispute("dsp_2", currency="USD")], K.DISPUTE, "dsp_1"),
        ([dispute("dsp_1"), dispute("dsp_2", payment="pay_2")], K.DISPUTE, "dsp_1"),
        # Nobody knows which
        ([dispute("dsp_1"), dispute("dsp_2")], K.OTHER, "act_2"),
        ([dispute("dsp_1", payment="pay_2")], K.OTHER, "act_2"),
        ([dispute("dsp_1", 1000), dispute("dsp_2", 2000)], K.OTHER, "act_2"),
        ([], K.OTHER, "act_2"),
    ],
)
def test_a_chargeback_is_the_dispute_s_that_it_is_certainly_about(
    disputes: list[dict[str, object]], kind: LineKind, reference: str
) -> None:
    told = settlement_lines([report(*DISPUTED)], made_at=MADE_AT)
    line, charge, _ = named_disputes(told, {"pay_1": {"data": disputes}})
    assert (line.kind, line.psp_reference, line.gross) == (kind, reference, Money(-1290, "EUR"))
    assert charge == told[1]


def test_a_chargeback_that_nobody_can_place_says_nothing_of_its_currency() -> None:
    dollars = {"Processing Currency": "USD", "FX Rate Applied": "0.9", "Processing Currency Amount": "-14.33"}
    told = settlement_lines([report({**DISPUTED[0], **dollars}, DISPUTED[1])], made_at=MADE_AT)
    (named, *_) = named_disputes(told, {"pay_1": {"data": [dispute("dsp_1", 1433, "USD")]}})
    assert (named.psp_reference, named.original) == ("dsp_1", Money(-1433, "USD"))
    (lost, *_) = named_disputes(told, {"pay_1": {"data": []}})
    assert (lost.kind, lost.original, lost.exchange_rate) == (K.OTHER, None, None)


def test_a_chargeback_of_no_payment_is_nobody_s_dispute() -> None:
    told = settlement_lines([report({**DISPUTED[0], "Payment ID": ""}, DISPUTED[1])], made_at=MADE_AT)
    assert named_disputes(told, {})[0].kind is K.OTHER


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([row("Capture", "12.90"), row("Capture", "1.00", **{"Payout ID": "OTHER"})], id="two payouts"),
        pytest.param([row("Capture", "12.90", **{"Payout ID": ""})], id="no payout"),
        pytest.param([row("Capture", "12.90"), row("Fee", "-1", **{"Holding Currency": "USD"})], id="two currencies"),
        pytest.param([row("Capture", "12.90", **{"Holding Currency": "€"})], id="no currency"),
        pytest.param([row("Capture", "a lot")], id="no amount"),
        pytest.param([row("Capture", "NaN")], id="not a number"),
        pytest.param([row("Capture", "Infinity")], id="infinite"),
        pytest.param([row("Capture", "1e999999999")], id="as good as infinite"),
        pytest.param([row("Capture", "12.90", **{"FX Rate Applied": "dear"})], id="no rate"),
        pytest.param([row("Capture", "12.90", **{"Processed On": "yesterday"})], id="no time"),
        pytest.param([row("Refund", "-12.90")], id="pays nothing out"),
        pytest.param([row("Capture", "0.004")], id="less than a cent"),
        pytest.param([], id="nothing"),
        pytest.param(
            [
                row("Capture", "5", **{"Processing Currency": "USD", "FX Rate Applied": "0.9"}),
                row("Capture", "5", **{"Processing Currency": "GBP", "FX Rate Applied": "1.1"}),
            ],
            id="converted in two ways",
        ),
    ],
)
def test_what_makes_no_sense_is_no_line(rows: list[dict[str, str]]) -> None:
    with pytest.raises(UNREADABLE):
        lines(*rows)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(report(row("Capture", "1.00"), columns=COLUMNS[:-1]), id="no amounts"),
        pytest.param(report(row("Capture", "1.00")) + b"a,row,too,short\r\n", id="too short"),
        pytest.param(report(row("Capture", "1.00")).replace(b"Ada", b"Ada,Countess"), id="too long"),
        pytest.param(report(row("Capture", "1.00")) + b'"never closed', id="no end"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"<html>Sorry</html>", id="a page"),
        pytest.param(b"", id="empty"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_not_read(file: bytes) -> None:
    with pytest.raises(UNREADABLE):
        settlement_lines([file], made_at=MADE_AT)


def test_how_a_file_is_written_is_nobody_s_concern() -> None:
    told = report(row("Capture", "12.90"), columns=tuple(reversed(COLUMNS)))
    upper = told.replace(b"Holding Currency Amount", b" HOLDING CURRENCY AMOUNT ")
    odd = b"\xef\xbb\xbf" + upper.replace(b"\r\n", b",\n") + b"\n\n"
    assert settlement_lines([odd], made_at=MADE_AT) == settlement_lines([told], made_at=MADE_AT)


def test_a_time_with_a_zone_is_that_time() -> None:
    (line, _) = lines(row("Capture", "12.90", **{"Processed On": "2026-11-23T13:08:07.1234567+01:00"}))
    assert line.occurred_at == datetime(2026, 11, 23, 12, 8, 7, 123456, tzinfo=UTC)
