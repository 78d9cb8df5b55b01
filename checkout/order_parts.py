"""What units of an order are worth, part by part of its payment. Pure.

A part is what its units cost by largest remainder: of 100 cents, three units are 34, 33 and 33. What is still owed
bounds each of these, and the last event of an order takes all of that: nothing is left over, to the cent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.allocation import allocate
from ledger.money import Money
from payments.parts import Part, PartKind

type PartName = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line: ``count`` of its ``quantity``, behind the first ones that are spoken for."""

    quantity: int
    first: int
    count: int

    def worth(self, amount_minor: int) -> int:
        """Return what these units are of an amount that all units share."""
        return self._first(amount_minor, self.first + self.count) - self._first(amount_minor, self.first)

    def _first(self, amount_minor: int, units: int) -> int:
        each, rest = divmod(amount_minor, self.quantity)
        return each * units + min(units, rest)


def worth(*, owed: Sequence[Part], whole: Sequence[Part], units: Mapping[str, Units]) -> list[Part]:
    """Return what these units, by SKU, are worth of each part, at most what is ``owed`` of it."""
    return [
        _with(part, min(units[part.reference].worth(all_of_it.money.amount_minor), part.money.amount_minor))
        for part, all_of_it in zip(owed, whole, strict=True)
        if part.reference in units
    ]


def owed(*, whole: Sequence[Part], gone: Iterable[Mapping[PartName, int]]) -> list[Part]:
    """Return what is left of each part after what has been earned, paid back, or will not be taken."""
    taken = list(gone)
    return [
        _with(part, max(part.money.amount_minor - sum(each.get(part.name, 0) for each in taken), 0)) for part in whole
    ]


def scaled(parts: Sequence[Part], minor: int) -> list[Part]:
    """Return so much of these parts, each in proportion."""
    if minor >= total(parts):
        return list(parts)
    weights = [part.money.amount_minor for part in parts]
    shares = allocate(money=Money(minor, parts[0].money.currency), weights=weights)
    return [replace(part, money=share) for part, share in zip(parts, shares, strict=True)]


def shipping_of(parts: Sequence[Part]) -> list[Part]:
    """Return the shipping and the taxes on it."""
    names = {part.reference for part in parts if part.kind is PartKind.SHIPPING}
    return [part for part in parts if part.reference in names]


def sums(rows: Iterable[Sequence[Mapping[str, object]]]) -> dict[PartName, int]:
    """Add up what events say of each part, as :func:`stored` has written it."""
    found: dict[PartName, int] = {}
    for row in (row for rows_of_one in rows for row in rows_of_one):
        kind = "tax" if row["kind"] == PartKind.TAX else "item"
        name = (kind, str(row["reference"]), str(row["jurisdiction"]))
        found[name] = found.get(name, 0) + int(str(row["amount_minor"]))
    return found


def stored(parts: Iterable[Part]) -> list[dict[str, object]]:
    """Return parts as an event keeps them: those of nothing left out."""
    return [
        {
            "kind": str(part.kind),
            "reference": part.reference,
            "jurisdiction": part.jurisdiction,
            "amount_minor": part.money.amount_minor,
        }
        for part in parts
        if part.money.amount_minor
    ]


def total(parts: Iterable[Part]) -> int:
    """Return what parts come to, in minor units."""
    return sum(part.money.amount_minor for part in parts)


def _with(part: Part, minor: int) -> Part:
    return replace(part, money=Money(minor, part.money.currency))
