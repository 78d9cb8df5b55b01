"""What every export format can do, and what tells one run from another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, ClassVar, Protocol

from ledger.errors import InvalidInterchange
from ledger.interchange.rows import AccountRow, TransactionRow
from ledger.money import exponent


@dataclass(frozen=True, slots=True)
class Extent:
    """What a run exports: the transactions of ``book`` up to the id ``through``, and when the first took effect."""

    book: str
    through: int
    first_effective_at: datetime | None
    accounts: Sequence[AccountRow]


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a file that was cut ends being whole: its last complete transaction, and the bound of the run."""

    book: str
    through: int
    last_id: int
    offset_bytes: int


class Format(Protocol):
    """Writes one file. ``transaction`` is called once per transaction in the order of their ids."""

    # Whether what is written last depends on all that came before: a resumed run then reads all of it again.
    sums_up: ClassVar[bool]

    def __init__(self, extent: Extent) -> None:
        """Begin a file."""

    def head(self) -> str:
        """Return what comes before the first transaction."""

    def transaction(self, row: TransactionRow) -> str:
        """Return one transaction, complete."""

    def tail(self) -> str:
        """Return what comes after the last transaction."""

    @staticmethod
    def resume_point(file: BinaryIO) -> ResumePoint | None:
        """Return where to go on; None where no transaction is complete.

        :raises InvalidInterchange: ``not_an_export``: the file is something else.
        """


def not_an_export(format_name: str) -> InvalidInterchange:
    """Return the refusal to go on with a file that we did not write."""
    return InvalidInterchange(code="not_an_export", detail=f"The file is no {format_name} export: it stays as it is.")


def moment(at: datetime) -> str:
    """Return a time in UTC, to the microsecond, always as long."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def decimal_text(amount_minor: int, currency: str) -> str:
    """Return an amount in the currency's main unit with all its decimals: 1234 EUR is 12.34. Any size, any sign."""
    places = exponent(currency)
    whole, fraction = divmod(abs(amount_minor), 10**places)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole}" + (f".{fraction:0{places}d}" if places else "")
