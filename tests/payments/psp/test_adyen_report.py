"""Adyen's settlement details report in our words: every cent, once, and nothing of a report that makes no sense."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from ledger.money import Money
from payments.psp.adyen_report import read
from payments.psp.settlement import SettlementLine
from payments.statements.rows import BadField, UnreadableFile
from payments.states import LineKind

ATTEMPT = UUID("0b0e7f4e-5d0c-4f0e-9c69-6f1e0a3f7f01")
OURS = UUID("9a1d3c52-2f67-4a58-8a08-0d8a4bb0a702")
# As the docs list them ("Settlement details report")
HEADER = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,"
    "Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,"
    "Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),"
    "Payment Method Variant,Modification Merchant Reference,Batch Number"
)
PLAIN = {
    "Company Account": "Shop",
    "Merchant Account": "ShopEurope",
    "Psp Reference": "PAID",
    "Merchant Reference": f"{ATTEMPT}-sale",
    "Payment Method": "visa",
    "Creation Date": "2026-11-28 12:00:00",
    "TimeZone": "CET",
    "Type": "Settled",
    "Modification Reference": "MODIFIED",
    "Gross Currency": "EUR",
    "Gross Credit (GC)": "12.90",
    "Exchange Rate": "1",
    "Net Currency": "EUR",
    "Net Credit (NC)": "12.65",
    "Commission (NC)": "0.25",
    "Batch Number": "7",
}
DEBIT = {"Gross Credit (GC)": "", "Net Credit (NC)": "", "Commission (NC)": ""}
NO_PAYMENT = {
    **DEBIT,
    "Psp Reference": "",
    "Merchant Reference": "",
    "Payment Method": "",
    "Gross Currency": "",
    "Exchange Rate": "",
}


def report(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER.split(","), restval="")
    writer.writeheader()
    writer.writerows({**PLAIN, **row} for row in rows)
    return text.getvalue().encode()


def lines(*rows: dict[str, str]) -> list[SettlementLine]:
    found = [told for _, _, told in read(report(*rows), merchant_account="ShopEurope")]
    return [told for told in found if isinstance(told, SettlementLine)]


def amounts(line: SettlementLine) -> tuple[str, str, str]:
    return str(line.gross), str(line.fee), str(line.net)


def test_a_payment_that_was_taken_at_once_is_settled_under_its_own_name() -> None:
    (line,) = lines({})
    assert (line.line_id, line.kind) == ("7:Settled:MODIFIED:1", LineKind.CHARGE)
    assert amounts(line) == ("EUR 12.90", "EUR 0.25", "EUR 12.65")
    assert (line.psp_reference, line.payment_reference, line.our_id) == ("PAID", "PAID", ATTEMPT)
    assert (line.payout_reference, line.occurred_at) == ("ShopEurope:7", datetime(2026, 11, 28, 11, tzinfo=UTC))
    assert (line.original, line.exchange_rate, line.raw["Commission (NC)"]) == (None, None, "0.25")


def test_a_part_that_was_captured_is_settled_under_the_captures_name() -> None:
    told = {"Merchant Reference": f"{ATTEMPT}-hold", "Modification Merchant Reference": str(OURS)}
    (line,) = lines(told)
    assert (line.psp_reference, line.payment_reference, line.our_id) == ("MODIFIED", "PAID", OURS)
    (unnamed,) = lines({**told, "Modification Merchant Reference": ""})
    assert unnamed.our_id == ATTEMPT


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        (
            LineKind.REFUND,
            {"Type": "Refunded", "Gross Debit (GC)": "2.90", "Net Debit (NC)": "3.00"},
            ("EUR -2.90", "EUR 0.10", "EUR -3.00"),
        ),
        (
            LineKind.REFUND_FAILURE,
            {"Type": "RefundedReversed", "Gross Credit (GC)": "2.90", "Net Credit (NC)": "2.90"},
            ("EUR 2.90", "EUR 0.00", "EUR 2.90"),
        ),
        (
            LineKind.DISPUTE,
            {"Type": "Chargeback", "Gross Debit (GC)": "12.90", "Net Debit (NC)": "27.90"},
            ("EUR -12.90", "EUR 15.00", "EUR -27.90"),
        ),
        (
            LineKind.DISPUTE,
            {"Type": "SecondChargeback", "Gross Debit (GC)": "12.90", "Net Debit (NC)": "12.90"},
            ("EUR -12.90", "EUR 0.00", "EUR -12.90"),
        ),
        (
            LineKind.DISPUTE_REVERSAL,
            {"Type": "ChargebackReversed", "Gross Credit (GC)": "12.90", "Net Credit (NC)": "12.90"},
            ("EUR 12.90", "EUR 0.00", "EUR 12.90"),
        ),
    ],
)
def test_what_is_about_a_payment_names_it(kind: LineKind, row: dict[str, str], expected: tuple[str, str, str]) -> None:
    (line,) = lines({**DEBIT, "Modification Merchant Reference": str(OURS), **row})
    assert (line.kind, amounts(line)) == (kind, expected)
    assert (line.psp_reference, line.payment_reference) == ("MODIFIED", "PAID")
    assert line.our_id == (OURS if kind in {LineKind.REFUND, LineKind.REFUND_FAILURE} else None)


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        (LineKind.FEE, {"Type": "Fee", "Net Debit (NC)": "9.99"}, ("EUR 0.00", "EUR 9.99", "EUR -9.99")),
        (LineKind.FEE, {"Type": "InvoiceDeduction", "Net Credit (NC)": "1"}, ("EUR 0.00", "EUR -1.00", "EUR 1.00")),
        (LineKind.PAYOUT, {"Type": "MerchantPayout", "Net Debit (NC)": "95"}, ("EUR -95.00", "EUR 0.00", "EUR -95.00")),
        (LineKind.OTHER, {"Type": "MerchantPayout", "Net Credit (NC)": "5"}, ("EUR 5.00", "EUR 0.00", "EUR 5.00")),
        (
            LineKind.PAYOUT_RETURN,
            {"Type": "BankInstructionReturned", "Net Credit (NC)": "95"},
            ("EUR 95.00", "EUR 0.00", "EUR 95.00"),
        ),
        (
            LineKind.OTHER,
            {"Type": "DepositCorrection", "Net Debit (NC)": "100"},
            ("EUR -100.00", "EUR 0.00", "EUR -100.00"),
        ),
        (LineKind.OTHER, {"Type": "OfTomorrow", "Net Credit (NC)": "1"}, ("EUR 1.00", "EUR 0.00", "EUR 1.00")),
    ],
)
def test_what_is_about_no_payment_names_none(
    kind: LineKind, row: dict[str, str], expected: tuple[str, str, str]
) -> None:
    (line,) = lines({**NO_PAYMENT, **row})
    assert (line.kind, amounts(line)) == (kind, expected)
    assert (line.payment_reference, line.our_id, line.reason) == ("", None, row["Type"])
    assert line.psp_reference == ("ShopEurope:7" if kind is LineKind.PAYOUT else "MODIFIED")


def test_a_payment_in_another_currency_says_what_it_was_and_at_which_rate() -> None:
    (line,) = lines(
        {
            "Gross Currency": "JPY",
            "Gross Credit (GC)": "2000",
            "Exchange Rate": "0.0061",
            "Net Credit (NC)": "11.87",
            "Commission (NC)": "",
            "Markup (NC)": "0.10",
            "Scheme Fees (NC)": "0.03",
            "Interchange (NC)": "0.20",
        }
    )
    assert amounts(line) == ("EUR 12.20", "EUR 0.33", "EUR 11.87")
    assert (line.original, line.exchange_rate) == (Money(2000, "JPY"), Decimal("0.0061"))


def test_a_batch_comes_to_what_is_paid_out() -> None:
    batch = lines(
        {},
        {"Psp Reference": "PAID2", "Modification Reference": "MODIFIED2"},
        {**DEBIT, "Type": "Refunded", "Gross Debit (GC)": "2.90", "Net Debit (NC)": "2.90"},
        {**NO_PAYMENT, "Type": "Fee", "Modification Reference": "Transaction Fees", "Net Debit (NC)": "0.30"},
        {**NO_PAYMENT, "Type": "MerchantPayout", "Modification Reference": "TX7XT", "Net Debit (NC)": "22.10"},
    )
    assert sum(line.net.amount_minor for line in batch) == 0
    assert {line.payout_reference for line in batch} == {"ShopEurope:7"}


def test_rows_that_say_the_same_are_told_apart_and_known_again() -> None:
    fee = {**NO_PAYMENT, "Type": "Fee", "Modification Reference": "Transaction Fees", "Net Debit (NC)": "0.30"}
    first = [line.line_id for line in lines(fee, fee, {**fee, "Batch Number": "8"})]
    assert first == ["7:Fee:Transaction Fees:1", "7:Fee:Transaction Fees:2", "8:Fee:Transaction Fees:1"]
    assert [line.line_id for line in lines(fee, fee)] == first[:2]


def test_rows_of_another_merchant_account_are_not_ours() -> None:
    assert [line.payment_reference for line in lines({"Merchant Account": "ShopUS"}, {})] == ["PAID"]


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 12), ("BST", 11), ("CEST", 10), ("EST", 17), ("AEDT", 1)])
def test_a_time_is_the_accounts(zone: str, hour: int) -> None:
    (line,) = lines({"TimeZone": zone})
    assert line.occurred_at == datetime(2026, 11, 28, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "name", "why"),
    [
        ({"Net Credit (NC)": "12.655"}, "Net", "is no number of minor units"),
        ({"Net Credit (NC)": "-12.65"}, "Net Credit (NC)", "-12.65 of credit and 0 of debit"),
        ({"Net Debit (NC)": "1"}, "Net Credit (NC)", "12.65 of credit and 1 of debit"),
        ({"Net Credit (NC)": "twelve"}, "Net Credit (NC)", "'twelve' is no number"),
        ({"Net Credit (NC)": "NaN"}, "Net Credit (NC)", "'NaN' is no number"),
        ({"Net Credit (NC)": "1e999999999"}, "", ""),
        ({"Net Currency": "XXQ"}, "Net", "'XXQ' is not an ISO 4217 currency"),
        ({"Net Currency": "USD", "Exchange Rate": ""}, "", "is no rate"),
        ({"Net Currency": "USD", "Exchange Rate": "-1"}, "", "is no rate"),
        ({"TimeZone": "XYZ"}, "TimeZone", "'XYZ' is not known here"),
        ({"Creation Date": "28/11/2026"}, "Creation Date", "'28/11/2026' is no moment"),
        ({"Batch Number": ""}, "Batch Number", "it is empty"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_with_its_field(row: dict[str, str], name: str, why: str) -> None:
    (number, _, bad), (_, _, good) = read(report(row, {}), merchant_account="ShopEurope")
    assert isinstance(bad, BadField)
    assert (number, bad.name) == (2, name)
    assert why in bad.reason
    assert isinstance(good, SettlementLine)


@pytest.mark.parametrize(
    "row", [b"one,two\n", report({}).splitlines()[1] + b",more\n"], ids=["too few fields", "too many"]
)
def test_a_row_of_another_length_than_the_header_is_named(row: bytes) -> None:
    (_, bad) = read(report({}) + row, merchant_account="ShopEurope")
    assert bad[0] == 3
    assert isinstance(bad[2], BadField)


def test_a_column_that_is_not_there_is_named() -> None:
    without = report({}).replace(b",Batch Number", b",Number of the batch")
    ((_, _, bad),) = read(without, merchant_account="ShopEurope")
    assert isinstance(bad, BadField)
    assert bad.name == "Batch Number"


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"a,b\n1,2\n", report({}) + b'"'])
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        list(read(content, merchant_account="ShopEurope"))
