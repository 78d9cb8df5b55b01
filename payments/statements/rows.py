"""What a reader makes of a file: rows, each understood or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.errors import InvalidMoney
from ledger.money import Money, exponent

# More characters of a text than this nobody reads; what was cut off is in the file.
MAX_TEXT = 500


class UnreadableFile(Exception):
    """A file that is not what it is said to be: nothing of it is taken."""


class BadField(ValueError):
    """A field of a row that makes no sense; ``name`` as the file calls it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row that is understood.

    :param line: where it begins in the file, counted from 1.
    :param raw: what stands there.
    :param columns: what it says, as columns of the table that it goes into, in JSON's types.
    """

    line: int
    raw: Mapping[str, Any] = field(repr=False)
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not; ``name`` is the field that makes no sense, empty where it is the row as a whole."""

    line: int
    raw: Mapping[str, Any] = field(repr=False)
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that is none of ours, or says nothing that counts yet."""

    line: int


type Row = GoodRow | BadRow | SkippedRow
type Rows = Iterator[Row]


def money(name: str, major: Decimal, currency: str) -> Money:
    """Return an amount in major units as it is: none is rounded.

    :raises BadField: it is no number of minor units, or no currency.
    """
    try:
        minor = major.scaleb(exponent(currency))
        if minor != minor.to_integral_value():
            raise BadField(name, f"{major} {currency} is no number of minor units")
        return Money(int(minor), currency)
    except InvalidMoney as error:
        raise BadField(name, error.detail) from error


def text(name: str, value: str, *, most: int = MAX_TEXT) -> str:
    """Return a text without what surrounds it, cut where it is too long.

    :raises BadField: PostgreSQL stores no such character.
    """
    if "\0" in value:
        raise BadField(name, "it has a NUL character")
    return " ".join(value.split())[:most]
