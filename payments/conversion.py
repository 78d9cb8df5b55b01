"""What a PSP exchanged when it settled in another currency than the buyer paid in. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from ledger.money import MAX_MINOR, Money, exponent

# A rate of fewer digits has lost the zeros at its end: JSON does that.
LEAST_DIGITS, DIGITS_THEN = 3, 5


@dataclass(frozen=True, slots=True)
class Conversion:
    """The PSP takes ``sold`` off what it owes us, and owes us ``bought`` instead.

    :param rate: units of what is bought per unit of what is sold: the PSP's own where both sums follow from it.
    :param strays_by: how far the sum in the settled currency is from what the PSP's rate comes to, beyond rounding.
    """

    sold: Money
    bought: Money
    rate: Decimal
    strays_by: Money | None


def conversion_of(*, gross: Money, original: Money, told: Decimal | None) -> Conversion:
    """Return the exchange by which ``original`` became ``gross``. Neither is zero; their signs say which way.

    Both sums are the PSP's word and are booked as they are; its rate, with as many digits as it shows, has to explain
    them.

    :param told: units of the gross's currency per unit of the original's; None: the PSP does not say.
    """
    from_buyer, settled = _absolute(original), _absolute(gross)
    incoming = gross.amount_minor > 0
    sold, bought = (from_buyer, settled) if incoming else (settled, from_buyer)
    rate = _quotient(sold, bought)
    strays_by = None
    if told is not None:
        quoted = (told if incoming else 1 / told).normalize()
        if abs(_at(quoted, sold, bought.currency) - bought.amount_minor) < 1:
            rate = quoted
        strays_by = _strays_by(from_buyer, settled, told)
    return Conversion(sold, bought, rate, strays_by)


def _strays_by(from_buyer: Money, settled: Money, told: Decimal) -> Money | None:
    """Return what the digits that the rate does not show cannot explain; None where there is no such."""
    shown = told.normalize().as_tuple()
    last = shown.exponent if isinstance(shown.exponent, int) else 0
    if len(shown.digits) < LEAST_DIGITS:
        last = told.adjusted() - DIGITS_THEN + 1
    unseen = _at(Decimal(5).scaleb(last - 1), from_buyer, settled.currency)
    off = abs(_at(told, from_buyer, settled.currency) - settled.amount_minor)
    return Money(min(int(off), MAX_MINOR), settled.currency) if off > unseen + 1 else None


def _at(rate: Decimal, money: Money, currency: str) -> Decimal:
    """Return the minor units of another currency that money comes to, however many, without rounding."""
    return (Decimal(money.amount_minor) * rate).scaleb(exponent(currency) - exponent(money.currency))


def _quotient(sold: Money, bought: Money) -> Decimal:
    """Return units of one per unit of the other, to 28 digits: enough to come back to either sum."""
    shift = exponent(sold.currency) - exponent(bought.currency)
    return (Decimal(bought.amount_minor) / Decimal(sold.amount_minor)).scaleb(shift)


def _absolute(money: Money) -> Money:
    return money if money.amount_minor > 0 else -money
