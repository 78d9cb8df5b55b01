"""From a basket to what it costs."""

from checkout.pricing.basket import Basket
from checkout.pricing.breakdown import Breakdown, Part
from checkout.pricing.discounts import take_off
from checkout.pricing.taxes import tax_parts


def price_basket(basket: Basket) -> Breakdown:
    """Return what the basket costs: first the discount is taken off, then taxes are taken of what is left."""
    off_lines, off_shipping = take_off(basket)
    subtotals = [line.subtotal_minor for line in basket.lines]
    rates = [line.taxes for line in basket.lines]
    discounts = list(off_lines)
    if basket.shipping is not None:
        subtotals.append(basket.shipping.amount_minor)
        rates.append(basket.shipping.taxes)
        discounts.append(off_shipping)
    amounts = [subtotal - discount for subtotal, discount in zip(subtotals, discounts, strict=True)]
    taxes = tax_parts(currency=basket.currency, amounts=amounts, rates=rates)
    parts = [Part(*each) for each in zip(subtotals, discounts, taxes, strict=True)]
    return Breakdown(lines=parts[: len(basket.lines)], shipping=parts[-1] if basket.shipping else None)
