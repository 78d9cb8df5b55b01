"""Adyen's settlement details report (CSV, one per payout) in our words. Pure: bytes in, lines out.

A report is a batch: what it lists is what its MerchantPayout pays out. Amounts are in major units, debits and credits
apart. Rows have no ids: one is known by its batch, its type, what it names, and its place among those.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.psp.adyen_objects import OurPayment
from payments.psp.settlement import SettlementLine
from payments.statements.rows import BadField, UnreadableFile, money
from payments.states import LineKind

type Row = Mapping[str, str]

K = LineKind

# Adyen's docs, "Journal types". What is not here is for people.
_KIND_OF = {
    "Settled": K.CHARGE,
    "Refunded": K.REFUND,
    "RefundedReversed": K.REFUND_FAILURE,
    "Chargeback": K.DISPUTE,
    "SecondChargeback": K.DISPUTE,
    "ChargebackReversed": K.DISPUTE_REVERSAL,
    "Fee": K.FEE,
    "MiscCosts": K.FEE,
    "PaymentCost": K.FEE,
    "InvoiceDeduction": K.FEE,
    "MerchantPayout": K.PAYOUT,
    "BankInstructionReturned": K.PAYOUT_RETURN,
}
_ABOUT_A_PAYMENT = frozenset({K.CHARGE, K.REFUND, K.REFUND_FAILURE, K.DISPUTE, K.DISPUTE_REVERSAL})
# Its commission, or with interchange++ the other three.
_FEES = ("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)")
# The hours that a time zone of a report is ahead of UTC: the account's, by its abbreviation.
_HOURS_AHEAD = {
    **dict.fromkeys(("UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("BST", "CET", "WEST"), 1),
    **dict.fromkeys(("CEST", "EET"), 2),
    "EEST": 3,
    "SGT": 8,
    "JST": 9,
    "AEST": 10,
    "AEDT": 11,
    "EST": -5,
    "EDT": -4,
    "PST": -8,
    "PDT": -7,
}


def read(content: bytes, *, merchant_account: str) -> Iterator[tuple[int, Row, SettlementLine | BadField | None]]:
    """Yield each row with the line that it begins at: what it says, or why it makes no sense.

    None: it is another merchant account's.

    :raises UnreadableFile: it is no such report.
    """
    seen: Counter[str] = Counter()
    for number, row in _rows(content):
        try:
            if None in row or None in row.values():
                raise BadField("", "it has more or fewer fields than the header")
            yield number, row, _line(row, seen) if row["Merchant Account"] == merchant_account else None
        except KeyError as error:
            yield number, row, BadField(str(error.args[0]), "there is no such column")
        except BadField as error:
            yield number, row, error
        except (ArithmeticError, ValueError, InvalidMoney) as error:
            yield number, row, BadField("", str(error))


def _rows(content: bytes) -> Iterator[tuple[int, Row]]:
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if "Merchant Account" not in (rows.fieldnames or ()):
            raise UnreadableFile("It is no settlement details report: it has no column Merchant Account.")
        end = rows.line_num
        for row in rows:
            begin, end = end + 1, rows.line_num
            yield begin, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"It is no CSV in UTF-8: {error}.") from error


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What a row moves, in the currency that is settled, and what that was in the buyer's."""

    gross: Money
    fee: Money
    net: Money
    original: Money | None
    rate: Decimal | None


def _line(row: Row, seen: Counter[str]) -> SettlementLine:
    kind = _kind(row)
    amounts = _amounts(row, kind)
    modification, batch = row["Modification Reference"], row["Batch Number"]
    if not batch:
        raise BadField("Batch Number", "it is empty")
    name = f"{batch}:{row['Type']}:{modification or row['Psp Reference']}"
    seen[name] += 1
    payout = f"{row['Merchant Account']}:{batch}"
    # What we let Adyen take at once we know by its payment; Adyen's own capture of it has another name.
    at_once = kind is K.CHARGE and OurPayment.named(row["Merchant Reference"]).captures
    return SettlementLine(
        line_id=f"{name}:{seen[name]}",
        kind=kind,
        gross=amounts.gross,
        fee=amounts.fee,
        net=amounts.net,
        occurred_at=_moment(row),
        psp_reference=payout if kind is K.PAYOUT else (row["Psp Reference"] if at_once else modification),
        payment_reference=row["Psp Reference"] if kind in _ABOUT_A_PAYMENT else "",
        our_id=_our_id(row, kind),
        original=amounts.original,
        exchange_rate=amounts.rate,
        payout_reference=payout,
        reason=row["Type"][:64],
        raw=dict(row),
    )


def _kind(row: Row) -> LineKind:
    kind = _KIND_OF.get(row["Type"], K.OTHER)
    # A payout that takes money from our bank account.
    return K.OTHER if kind is K.PAYOUT and _signed(row, "Net", "NC") >= 0 else kind


def _amounts(row: Row, kind: LineKind) -> _Amounts:
    settled_in = row["Net Currency"]
    net = money("Net", _signed(row, "Net", "NC"), settled_in)
    none = Money(0, settled_in)
    if kind is K.FEE:
        return _Amounts(none, -net, net, None, None)
    if kind not in _ABOUT_A_PAYMENT:
        return _Amounts(net, none, net, None, None)
    moved = money("Gross", _signed(row, "Gross", "GC"), row["Gross Currency"])
    if moved.currency == settled_in:
        return _Amounts(moved, moved - net, net, None, None)
    fee = money("Commission (NC)", sum((_number(row, name) for name in _FEES), Decimal(0)), settled_in)
    return _Amounts(net + fee, fee, net, moved, _number(row, "Exchange Rate"))


def _signed(row: Row, which: str, unit: str) -> Decimal:
    """Return what a row adds to what Adyen owes us; negative: takes away."""
    credit, debit = (_number(row, f"{which} {side} ({unit})") for side in ("Credit", "Debit"))
    if min(credit, debit) < 0 or (credit and debit):
        raise BadField(f"{which} Credit ({unit})", f"{credit} of credit and {debit} of debit")
    return credit - debit


def _number(row: Mapping[str, Any], name: str) -> Decimal:
    try:
        number = Decimal(row.get(name) or "0")
    except InvalidOperation as error:
        raise BadField(name, f"{row[name]!r} is no number") from error
    if not number.is_finite():
        raise BadField(name, f"{row[name]!r} is no number")
    return number


def _moment(row: Row) -> datetime:
    if row["TimeZone"] not in _HOURS_AHEAD:
        raise BadField("TimeZone", f"{row['TimeZone']!r} is not known here")
    zone = timezone(timedelta(hours=_HOURS_AHEAD[row["TimeZone"]]))
    try:
        told = datetime.strptime(row["Creation Date"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        raise BadField("Creation Date", f"{row['Creation Date']!r} is no moment") from error
    return told.astimezone(UTC)


def _our_id(row: Row, kind: LineKind) -> UUID | None:
    """Return whose line it is: the payment's that was taken at once, or what we called the capture or refund."""
    ours = OurPayment.named(row["Merchant Reference"])
    if kind is K.CHARGE and ours.captures:
        return ours.attempt_id
    if kind not in {K.CHARGE, K.REFUND, K.REFUND_FAILURE}:
        return None
    try:
        return UUID(row.get("Modification Merchant Reference", ""))
    except ValueError:
        return ours.attempt_id if kind is K.CHARGE else None
