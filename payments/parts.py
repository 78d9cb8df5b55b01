"""What a payment is for: lines, shipping and the taxes on them; and how a refund is shared out among them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ledger.allocation import allocate
from ledger.money import Money
from payments.errors import InvalidParts, PaymentRefused


class PartKind(StrEnum):
    """What money is for."""

    LINE = "line"
    SHIPPING = "shipping"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a payment, or what is left of one.

    ``reference`` names a line or a shipping. A tax bears the reference of what it is on, none where it is on the
    whole, and the ``jurisdiction`` that it is owed to: ``de`` is owed to ``liabilities:tax:de``.
    """

    kind: PartKind
    reference: str
    money: Money
    jurisdiction: str = ""
    quantity: int | None = None

    @property
    def name(self) -> tuple[str, str, str]:
        """Return what tells it from the payment's other parts."""
        return "tax" if self.kind is PartKind.TAX else "item", self.reference, self.jurisdiction


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be paid back of one item: a line or a shipping, with the taxes on it, or else a tax on the whole.

    ``money`` None: all that is left of it. ``alone``: of the line, the shipping or the tax itself.
    """

    reference: str = ""
    jurisdiction: str = ""
    money: Money | None = None
    alone: bool = False

    def is_of(self, part: Part) -> bool:
        """Whether the part belongs to this item."""
        if self.alone:
            return (part.reference, part.jurisdiction) == (self.reference, self.jurisdiction)
        return part.reference == self.reference and self.jurisdiction in ("", part.jurisdiction)

    def __str__(self) -> str:
        return self.reference or f"the tax of {self.jurisdiction}"


def check_parts(*, parts: Sequence[Part], money: Money) -> None:
    """Refuse parts that do not make up a payment of ``money``. None at all are fine: nobody has to say.

    :raises InvalidParts: ``parts_invalid``.
    """
    for _, _, why in faults(parts=parts, money=money):
        raise InvalidParts(code="parts_invalid", detail=why)


def faults(*, parts: Sequence[Part], money: Money) -> Iterator[tuple[int | None, str, str]]:
    """Yield (place, code, sentence) of what is wrong with the parts of a payment; no place where it is all of them."""
    items = {part.reference for part in parts if part.kind is not PartKind.TAX}
    names = [part.name for part in parts]
    for place, part in enumerate(parts):
        is_tax = part.kind is PartKind.TAX
        if is_tax != bool(part.jurisdiction) or not (is_tax or part.reference):
            yield (
                place,
                "not_named",
                "A tax names its jurisdiction, and nothing else does; a line or shipping its own name.",
            )
        elif names.index(part.name) < place:
            yield place, "there_twice", f"{part.reference or part.jurisdiction} is there already."
        elif is_tax and part.reference not in {*items, ""}:
            yield place, "taxes_nothing", f"There is no line or shipping {part.reference}."
    total = sum(part.money.amount_minor for part in parts)
    if parts and (total != money.amount_minor or {part.money.currency for part in parts} != {money.currency}):
        yield None, "does_not_add_up", f"The parts come to {total} minor units, the payment to {money.amount_minor}."


def share_out(*, money: Money, left: Sequence[Part]) -> list[Money]:
    """Share a refund out over what is ``left`` of each part of its payment, in proportion to that."""
    return list(allocate(money=money, weights=[part.money.amount_minor for part in left]))


def share_out_items(*, wanted: Sequence[Wanted], left: Sequence[Part], currency: str) -> list[Money]:
    """Share a refund of some items out over what is ``left`` of each part of its payment: one share for each part.

    :raises PaymentRefused: ``unknown_part``, ``currency_mismatch``, ``refund_exceeds_part``.
    """
    shares, left = [Money(0, currency)] * len(left), list(left)
    for item in wanted:
        places = [place for place, part in enumerate(left) if item.is_of(part)]
        if not places:
            raise PaymentRefused(code="unknown_part", detail=f"This payment has no part {item}.")
        whole = sum((left[place].money for place in places), start=Money(0, currency))
        money = whole if item.money is None else item.money
        if money.currency != currency:
            raise PaymentRefused(
                code="currency_mismatch", detail=f"The payment was in {currency}, not {money.currency}."
            )
        if whole < money:
            raise PaymentRefused(code="refund_exceeds_part", detail=f"{money} is more than the {whole} left of {item}.")
        for place, share in zip(places, share_out(money=money, left=[left[place] for place in places]), strict=True):
            shares[place] += share
            left[place] = replace(left[place], money=left[place].money - share)
    return shares


def off_earned(*, share: Money, part: Money, earned: Money, unearned_refunded: Money) -> Money:
    """Return how much of a refund's share of a part comes off what was earned by it, such as by shipping it.

    What is still owed in goods is paid back first: of it ``unearned_refunded`` has been before.
    """
    still_owed = max((part - earned - unearned_refunded).amount_minor, 0)
    return Money(max(share.amount_minor - still_owed, 0), share.currency)
