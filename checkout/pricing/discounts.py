"""How much a discount takes off, and off what."""

from checkout.pricing.basket import PPM, AmountOff, Basket, FreeShipping, PercentOff, in_ppm
from checkout.pricing.rounding import round_half_up
from ledger.allocation import allocate
from ledger.money import Money


def take_off(basket: Basket) -> tuple[tuple[int, ...], int]:
    """Return what is taken off each line, and off the shipping; never more than it costs.

    What is taken off the lines together is shared out among them by their subtotals.
    """
    subtotals = [line.subtotal_minor for line in basket.lines]
    off_lines, off_shipping = 0, 0
    match basket.discount:
        case PercentOff(percent):
            off_lines = round_half_up(sum(subtotals) * in_ppm(percent), PPM)
        case AmountOff(amount_minor):
            off_lines = min(amount_minor, sum(subtotals))
        case FreeShipping():
            off_shipping = basket.shipping.amount_minor if basket.shipping else 0
    shares = allocate(money=Money(off_lines, basket.currency), weights=subtotals)
    return tuple(share.amount_minor for share in shares), off_shipping
