"""What Checkout.com's reports of payouts mean in our words. Pure: CSV in, lines out; raises as checkoutcom_objects.py.

Checkout.com's documentation: "Financial Actions by Payout ID Report" (the columns; amounts are in major units, with up
to eight decimals, and what it takes is negative; all of them together are the payout, rounded down), "Breakdown types".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from uuid import UUID

from ledger.money import Money, exponent
from payments.psp.checkoutcom_objects import Object, text
from payments.psp.checkoutcom_rows import Row, read_rows
from payments.psp.settlement import Lines, SettlementLine
from payments.states import LineKind, PayoutState

K = LineKind

# What moves money, and which way. What is neither here nor a fee is for people, and so is what goes the wrong way:
# "Chargeback (ARBL)" is an arbitration's costs, "(AUTO)" what the bank gave back before anybody heard of it.
_KIND_OF = {
    ("Capture", 1): K.CHARGE,
    ("Partial Capture", 1): K.CHARGE,
    ("Refund", -1): K.REFUND,
    ("Partial Refund", -1): K.REFUND,
    ("Clearing Failed", 1): K.REFUND_FAILURE,
    ("Chargeback (ADJM)", -1): K.DISPUTE,
    ("Chargeback (ARWS)", -1): K.DISPUTE,
    ("Chargeback (CBRV)", 1): K.DISPUTE_REVERSAL,
    ("Chargeback (RPDW)", 1): K.DISPUTE_REVERSAL,
    ("Chargeback (ARBW)", 1): K.DISPUTE_REVERSAL,
}
_OF_BUYERS = frozenset(_KIND_OF.values())
OF_DISPUTES = frozenset({K.DISPUTE, K.DISPUTE_REVERSAL})
_MAX_REASON = 64


def settlement_lines(files: Sequence[bytes], *, made_at: datetime) -> Lines:
    """Return what went out by a payout: a line for each action, the fees that came with it included; and the payout's.

    A line is what was done to one payment at one time, whatever report tells it: some fees are charged days after the
    action that they are for, and go out by another payout. Fractions of a minor unit are rounded on each line; what
    that comes to, and what Checkout.com rounds down, is a line of its own, so that all of them are the payout.
    """
    rows = [row for file in files for row in read_rows(file)]
    payouts, currencies = {row.payout for row in rows}, {row.currency for row in rows}
    if len(payouts) != 1 or len(currencies) != 1:
        raise ValueError(f"one payout in one currency is neither {sorted(payouts)} nor {sorted(currencies)}")
    paid, currency = text(payouts.pop()), currencies.pop()
    lines = [line for together in _together(rows) for line in _lines(together)]
    total = Money(_minor(sum(row.amount for row in rows), currency, rounding=ROUND_FLOOR), currency)
    if total.amount_minor <= 0:
        raise ValueError(f"payout {paid} is of {total}")
    rest = sum((line.net for line in lines), Money(0, currency)) - total
    nothing = Money(0, currency)
    if rest != nothing:
        name, why = f"{paid}:rounding", "fractions of a minor unit"
        lines.append(SettlementLine(name, K.FEE, nothing, rest, -rest, made_at, payout_reference=paid, reason=why))
    # The report says that the payout was made, not that it has arrived.
    lines.append(
        SettlementLine(
            line_id=paid,
            kind=K.PAYOUT,
            gross=-total,
            fee=nothing,
            net=-total,
            occurred_at=made_at,
            psp_reference=paid,
            payout_reference=paid,
            payout_state=PayoutState.IN_TRANSIT,
        )
    )
    return tuple(lines)


def named_disputes(lines: Lines, found: Mapping[str, Object]) -> Lines:
    """Return the lines with the disputes that they are about: a report names only the payment.

    Which one it is has to be certain, or else the line is for people.

    :param found: Checkout.com's list of disputes, by payment.
    """
    return tuple(_of_dispute(line, found) if line.kind in OF_DISPUTES else line for line in lines)


def _of_dispute(line: SettlementLine, found: Mapping[str, Object]) -> SettlementLine:
    told = line.original or line.gross
    listed = found[line.payment_reference]["data"] if line.payment_reference else []
    disputes = [each for each in listed if each["payment_id"] == line.payment_reference]
    alike = [each for each in disputes if (each["amount"], each["currency"]) == (abs(told.amount_minor), told.currency)]
    for candidates in (disputes, alike):
        if len(candidates) == 1:
            return replace(line, psp_reference=text(candidates[0]["id"]))
    # Of what is for people nobody asks in which currency it was.
    return replace(line, kind=K.OTHER, original=None, exchange_rate=None)


def _together(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Return what was done to one payment at one time."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.about, row.processed_on].append(row)
    return groups.values()


def _kind(row: Row) -> LineKind:
    if row.breakdown.endswith(("Fee", "Fee Tax")):
        return K.FEE
    return _KIND_OF.get((row.breakdown, -1 if row.amount < 0 else 1), K.OTHER)


def _lines(rows: list[Row]) -> Iterable[SettlementLine]:
    """Return the lines of one group; the first that moves money bears the fees."""
    by_kind: dict[LineKind, list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[_kind(row)].append(row)
    fees = by_kind.pop(K.FEE, [])
    if not by_kind:
        yield _line(K.FEE, [], fees)
    for kind, moved in by_kind.items():
        yield _line(kind, moved, fees)
        fees = []


def _line(kind: LineKind, moved: list[Row], fees: list[Row]) -> SettlementLine:
    rows = [*moved, *fees]
    first = rows[0]
    gross, fee = _sum(moved, first.currency), -_sum(fees, first.currency)
    line = SettlementLine(
        line_id=f"{first.about}:{first.processed_on}:{kind}",
        kind=kind,
        gross=gross,
        fee=fee,
        net=gross - fee,
        occurred_at=first.at,
        psp_reference=first.action,
        payment_reference=first.payment,
        payout_reference=first.payout,
        reason=first.breakdown[:_MAX_REASON],
        raw={"rows": [row.told for row in rows]},
    )
    return _of_buyer(line, moved) if kind in _OF_BUYERS else line


def _of_buyer(line: SettlementLine, moved: list[Row]) -> SettlementLine:
    """Return a line with our name for what moved, and in which currency the buyer saw it."""
    first = moved[0]
    line = replace(line, our_id=_our_id(first.reference))
    if first.bought_in == first.currency:
        return line
    if any((row.bought_in, row.rate) != (first.bought_in, first.rate) for row in moved):
        raise ValueError(f"{line.line_id} was converted in more than one way")
    minor = _minor(sum(row.bought_for for row in moved), first.bought_in)
    return replace(line, original=Money(minor, first.bought_in), exchange_rate=first.rate)


def _sum(rows: list[Row], currency: str) -> Money:
    return Money(_minor(sum(row.amount for row in rows), currency), currency)


def _minor(amount: Decimal | int, currency: str, *, rounding: str = ROUND_HALF_EVEN) -> int:
    return int(Decimal(amount).scaleb(exponent(currency)).to_integral_value(rounding))


def _our_id(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
