"""The PSP pays out and settles; its lines are read, and what it owes is followed from the start to the end."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ledger import queries as ledger
from payments.chart import receivable
from payments.import_settlement import import_settlement
from payments.owed import Owed, owed
from payments.settle_line import settle_due_lines

PSP, LINES_AT_ONCE = "stripe", 500


@dataclass(frozen=True, slots=True)
class OwedRow:
    """What the PSP owed of one currency before and after, in minor units, and what came between.

    ``others`` is what was disputed, converted and in suspense. ``at_psp_minor`` is what the PSP itself says.
    """

    currency: str
    opening_minor: int
    captured_minor: int
    refunded_minor: int
    fees_minor: int
    paid_out_minor: int
    others_minor: int
    closing_minor: int
    at_psp_minor: int

    @property
    def unexplained_minor(self) -> int:
        """Return what none of that explains."""
        came = self.opening_minor + self.captured_minor + self.others_minor
        return self.closing_minor - (came - self.refunded_minor - self.fees_minor - self.paid_out_minor)

    @property
    def agrees(self) -> bool:
        """Whether everything is explained, and the PSP says the same."""
        return self.unexplained_minor == 0 and self.closing_minor == self.at_psp_minor


@dataclass(frozen=True, slots=True)
class Standing:
    """What the PSP owed at one moment, by currency: by the ledger, and why by the payments."""

    ledger_minor: dict[str, int]
    sums: dict[str, Owed]


def standing() -> Standing:
    """Return how things stand now."""
    sums = {currency: each for (_, psp, currency), each in owed().items() if psp == PSP}
    return Standing(dict(ledger.totals(code=receivable(PSP))), sums)


def settle() -> int:
    """Read and book the PSP's settlement; return the lines that were new.

    :raises TimeoutError: it cannot be read.
    """
    new = 0
    while True:
        page = import_settlement(psp=PSP, account="main", now=datetime.now(UTC))
        if page.failure:
            raise TimeoutError(f"the settlement cannot be read: {page.failure}")
        new += page.new
        if not page.more:
            break
    while settle_due_lines(limit=LINES_AT_ONCE, now=datetime.now(UTC)).more:
        pass
    return new


def follow(*, before: Standing, after: Standing, at_psp: dict[str, int]) -> list[OwedRow]:
    """Return the way from one moment to the other, by currency."""
    return [_row(currency, before, after, at_psp) for currency in sorted({*after.sums, *at_psp})]


def _row(currency: str, before: Standing, after: Standing, at_psp: dict[str, int]) -> OwedRow:
    was, now = before.sums.get(currency, Owed()), after.sums.get(currency, Owed())
    return OwedRow(
        currency=currency,
        opening_minor=before.ledger_minor.get(currency, 0),
        captured_minor=now.captured_minor - was.captured_minor,
        refunded_minor=now.refunded_minor - was.refunded_minor,
        fees_minor=now.fees_minor - was.fees_minor,
        paid_out_minor=now.paid_out_minor - was.paid_out_minor,
        others_minor=_others(now) - _others(was),
        closing_minor=after.ledger_minor.get(currency, 0),
        at_psp_minor=at_psp.get(currency, 0),
    )


def _others(sums: Owed) -> int:
    taken = sums.disputed_minor + sums.dispute_fees_minor
    return sums.converted_minor + sums.unexplained_minor + sums.settled_apart_minor - taken
