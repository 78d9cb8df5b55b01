"""What is to be priced. Amounts are minor units of the basket's currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# A percentage has at most four decimals, so that it is a whole number of parts per million.
PERCENT_DECIMALS = 4
PPM = 100 * 10**PERCENT_DECIMALS


@dataclass(frozen=True, slots=True)
class TaxRate:
    """What a jurisdiction takes of a price: on top of it, or (``inclusive``) as a part of it."""

    jurisdiction: str
    percent: Decimal
    inclusive: bool

    @property
    def ppm(self) -> int:
        """The rate in parts per million."""
        return in_ppm(self.percent)


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one thing. Of several taxes of one sort, each is taken of the same amount: none is taxed by another."""

    quantity: int
    unit_amount_minor: int
    taxes: tuple[TaxRate, ...] = ()

    @property
    def subtotal_minor(self) -> int:
        """What the units cost before discount, and before taxes that are not in the price."""
        return self.quantity * self.unit_amount_minor


@dataclass(frozen=True, slots=True)
class Shipping:
    """What it costs to send the lines."""

    amount_minor: int
    taxes: tuple[TaxRate, ...] = ()


@dataclass(frozen=True, slots=True)
class PercentOff:
    """A share of the lines' subtotal, from 0 to 100."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class AmountOff:
    """An amount, and at most the lines' subtotal: nothing is given out."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """All of the shipping, and nothing of the lines."""


type Discount = PercentOff | AmountOff | FreeShipping


@dataclass(frozen=True, slots=True)
class Basket:
    """Lines of one currency, how they are sent, and one discount."""

    currency: str
    lines: Sequence[Line]
    shipping: Shipping | None = None
    discount: Discount | None = None


def in_ppm(percent: Decimal) -> int:
    """Return a percentage in parts per million.

    :raises ValueError: it is not from 0 to 100, or has more than four decimals.
    """
    scaled = percent.scaleb(PERCENT_DECIMALS)
    if not 0 <= scaled <= PPM or scaled != int(scaled):
        raise ValueError(f"a percentage is 0 to 100 with at most {PERCENT_DECIMALS} decimals, not {percent}")
    return int(scaled)
