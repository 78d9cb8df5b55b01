"""What a basket costs, part by part. Everything adds up by construction: sums are taken of what was shared out."""

from collections.abc import Sequence
from dataclasses import dataclass

from checkout.pricing.basket import TaxRate


@dataclass(frozen=True, slots=True)
class Tax:
    """What one rate comes to."""

    rate: TaxRate
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Part:
    """A line, or the shipping."""

    subtotal_minor: int
    discount_minor: int
    taxes: tuple[Tax, ...]

    @property
    def included_tax_minor(self) -> int:
        """The taxes that are a part of the price."""
        return sum(tax.amount_minor for tax in self.taxes if tax.rate.inclusive)

    @property
    def added_tax_minor(self) -> int:
        """The taxes on top of the price."""
        return sum(tax.amount_minor for tax in self.taxes if not tax.rate.inclusive)

    @property
    def net_minor(self) -> int:
        """What the seller keeps: without discount, without any tax."""
        return self.subtotal_minor - self.discount_minor - self.included_tax_minor

    @property
    def total_minor(self) -> int:
        """What the buyer pays for it."""
        return self.subtotal_minor - self.discount_minor + self.added_tax_minor


@dataclass(frozen=True, slots=True)
class Totals:
    """``subtotal - discount + fulfillment + tax = total``; ``tax`` is what comes on top of the prices."""

    subtotal: int
    discount: int
    fulfillment: int
    tax: int

    @property
    def total(self) -> int:
        """What the buyer pays."""
        return self.subtotal - self.discount + self.fulfillment + self.tax


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What each line and the shipping cost, in the order of the basket's lines."""

    lines: Sequence[Part]
    shipping: Part | None

    @property
    def parts(self) -> list[Part]:
        """The lines, and the shipping behind them."""
        return [*self.lines, *([self.shipping] if self.shipping else [])]

    @property
    def totals(self) -> Totals:
        """What all comes to."""
        return Totals(
            subtotal=sum(line.subtotal_minor for line in self.lines),
            discount=sum(part.discount_minor for part in self.parts),
            fulfillment=self.shipping.subtotal_minor if self.shipping else 0,
            tax=sum(part.added_tax_minor for part in self.parts),
        )

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """What each rate comes to over all parts, those within the prices too, in the order of their appearance."""
        sums: dict[TaxRate, int] = {}
        for tax in (tax for part in self.parts for tax in part.taxes):
            sums[tax.rate] = sums.get(tax.rate, 0) + tax.amount_minor
        return tuple(Tax(rate, amount) for rate, amount in sums.items())
