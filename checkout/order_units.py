"""Which units of which lines of an order are meant, and where they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from checkout.errors import OrderRefused
from checkout.models import Order, OrderLine
from checkout.states import Disposition, ReservationState
from checkout.stock import units_of_order
from exactly_once.errors import FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of a line as a client says it; ``location`` empty: wherever they are."""

    sku: str
    quantity: int
    location: str = ""
    disposition: Disposition = Disposition.RESTOCK


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of a line at a location."""

    line: OrderLine
    quantity: int
    location_id: int

    @property
    def place(self) -> tuple[int, int, int]:
        """Return (variant, location, quantity), as stock is told."""
        return self.line.variant_id, self.location_id, self.quantity


def lines_of(*, lines: Sequence[OrderLine], wanted: Sequence[Wanted]) -> list[tuple[OrderLine, Wanted]]:
    """Return each wish with its line.

    :raises InvalidInput: ``unknown_sku``, naming the field.
    """
    by_sku = {line.sku: line for line in lines}
    strange = tuple(
        FieldError(f"/lines/{index}/sku", "unknown_sku", f"The order has no {each.sku}.")
        for index, each in enumerate(wanted)
        if each.sku not in by_sku
    )
    if strange:
        raise InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=strange)
    return [(by_sku[each.sku], each) for each in wanted]


def open_units(*, lines: Sequence[OrderLine], wanted: Sequence[Wanted]) -> list[tuple[OrderLine, Wanted]]:
    """Return what is to be shipped or canceled; all that is open, where nothing is named.

    :raises InvalidInput: ``unknown_sku``.
    :raises OrderRefused: ``exceeds_open_quantity``.
    """
    if not wanted:
        return [(line, Wanted(line.sku, line.open_quantity)) for line in lines if line.open_quantity]
    chosen = lines_of(lines=lines, wanted=wanted)
    for line, asked in counted(chosen):
        if asked > line.open_quantity:
            raise OrderRefused(
                code="exceeds_open_quantity",
                detail=f"{asked} of {line.sku}: {line.open_quantity} are neither shipped nor canceled.",
                extra={"sku": line.sku, "open_quantity": line.open_quantity},
            )
    return chosen


def counted(chosen: Sequence[tuple[OrderLine, Wanted]]) -> list[tuple[OrderLine, int]]:
    """Return how many units of each line are wanted, wherever they are."""
    return _summed([(line, each.quantity) for line, each in chosen])


def counted_units(taken: Sequence[Taken]) -> list[tuple[OrderLine, int]]:
    """Return how many units of each line were found, wherever they are."""
    return _summed([(each.line, each.quantity) for each in taken])


def _summed(counts: Sequence[tuple[OrderLine, int]]) -> list[tuple[OrderLine, int]]:
    sums: dict[int, int] = {}
    for line, count in counts:
        sums[line.pk] = sums.get(line.pk, 0) + count
    lines = {line.pk: line for line, _ in counts}
    return [(line, sums[key]) for key, line in lines.items()]


def take(*, order: Order, chosen: Sequence[tuple[OrderLine, Wanted]]) -> list[Taken]:
    """Find the units among those that are committed to the order.

    :raises OrderRefused: ``not_at_location``.
    """
    there = {
        (unit.variant_id, unit.location): [unit.quantity, unit.location_id]
        for unit in units_of_order(order=order)
        if unit.state == ReservationState.COMMITTED
    }
    taken: list[Taken] = []
    # Who names a location comes first: the others take what is left.
    for line, each in sorted(chosen, key=lambda one: not one[1].location):
        missing = each.quantity
        for (variant_id, location), left in there.items():
            if variant_id == line.variant_id and each.location in ("", location) and missing and left[0]:
                units = min(missing, left[0])
                missing, left[0] = missing - units, left[0] - units
                taken.append(Taken(line, units, left[1]))
        if missing:
            raise OrderRefused(
                code="not_at_location",
                detail=f"{each.quantity} of {line.sku}: {missing} of them are not reserved there for the order.",
                extra={"sku": line.sku, "location": each.location},
            )
    return taken
