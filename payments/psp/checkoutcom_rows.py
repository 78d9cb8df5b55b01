"""The rows of Checkout.com's reports of financial actions. Pure: CSV in, rows out.

What cannot be read raises ``ValueError``: no row is passed over.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Self

# An account may have more of them, such as what it told of its buyers: those are not kept.
COLUMNS = (
    "Action Type",
    "Action ID",
    "Payment ID",
    "Processed On",
    "Processing Currency",
    "Processing Currency Amount",
    "FX Rate Applied",
    "Holding Currency",
    "Holding Currency Amount",
    "Payout ID",
    "Reference",
    "Breakdown Type",
)
MOST_DIGITS = 15  # before the point


@dataclass(frozen=True, slots=True)
class Row:
    """One part of one action: the sum that was moved, or one of its fees.

    :param about: the action; without one the payment, or else what it is called.
    :param processed_on: as it is written, ``at``: in UTC.
    :param amount: in the currency that it is held in, in major units; negative: Checkout.com takes it.
    :param bought_for: in the currency that the buyer paid in, ``bought_in``.
    :param rate: from that one into the one that it is held in.
    """

    about: str
    action: str
    payment: str
    breakdown: str
    processed_on: str
    at: datetime
    amount: Decimal
    currency: str
    bought_for: Decimal
    bought_in: str
    rate: Decimal | None
    payout: str
    reference: str
    told: dict[str, str]

    @classmethod
    def read(cls, told: dict[str, str]) -> Self:
        """Return what a row of these columns says."""
        return cls(
            about=told["Action ID"] or told["Payment ID"] or told["Breakdown Type"],
            action=told["Action ID"],
            payment=told["Payment ID"],
            breakdown=told["Breakdown Type"],
            processed_on=told["Processed On"],
            at=_moment(told["Processed On"]),
            amount=_decimal(told["Holding Currency Amount"] or "0"),
            currency=told["Holding Currency"],
            bought_for=_decimal(told["Processing Currency Amount"] or "0"),
            bought_in=told["Processing Currency"],
            rate=_rate(told["FX Rate Applied"]),
            payout=told["Payout ID"],
            reference=told["Reference"],
            told=told,
        )


def read_rows(file: bytes) -> Iterator[Row]:
    """Return the rows of a file, in its order."""
    lines = io.StringIO(file.decode("utf-8-sig"), newline="")
    try:
        table = [row for row in csv.reader(lines, strict=True) if any(row)]
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error
    header = [name.strip().lower() for name in table[0]] if table else []
    places = {name: header.index(name.lower()) for name in COLUMNS}
    for row in table[1:]:
        # A cell too few, or one too many that is not empty, and nobody knows which is which.
        if len(row) < len(header) or any(row[len(header) :]):
            raise ValueError(f"{len(row)} cells under {len(header)} names")
        yield Row.read({name: row[place].strip() for name, place in places.items()})


def _moment(written: str) -> datetime:
    """Return a time, which is in UTC unless it says otherwise."""
    moment = datetime.fromisoformat(written)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _rate(written: str) -> Decimal | None:
    rate = _decimal(written or "0")
    return rate if rate > 0 else None


def _decimal(written: str) -> Decimal:
    try:
        number = Decimal(written)
    except InvalidOperation as error:
        raise ValueError(f"no number: {written!r}") from error
    if not number.is_finite() or number.adjusted() > MOST_DIGITS:
        raise ValueError(f"no amount: {written!r}")
    return number
