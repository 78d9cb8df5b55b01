"""Taxes: taken out of prices that have them in, put on top of those that have not.

Each tax is computed and rounded once for all that it is taken of, as on an invoice, and then shared out among the
lines and the shipping. Rounding each line by itself would add up to something else, by up to half a unit a line.
"""

from collections.abc import Iterable, Iterator, Sequence

from checkout.pricing.basket import PPM, TaxRate
from checkout.pricing.breakdown import Tax
from checkout.pricing.rounding import round_half_up
from ledger.allocation import allocate
from ledger.money import Money


def tax_parts(*, currency: str, amounts: Sequence[int], rates: Sequence[tuple[TaxRate, ...]]) -> list[tuple[Tax, ...]]:
    """Return the taxes of each part, in the order of its ``rates``; ``amounts`` are what the parts cost by now.

    Taxes on top are taken of what is left when those within are out.
    """
    assert all(len(set(several)) == len(several) for several in rates), "a rate is taken once"
    found: list[dict[TaxRate, int]] = [{} for _ in amounts]
    for part, rate, minor in _included(currency, amounts, rates):
        found[part][rate] = minor
    nets = [amount - sum(taxes.values()) for amount, taxes in zip(amounts, found, strict=True)]
    for part, rate, minor in _added(currency, nets, rates):
        found[part][rate] = minor
    return [tuple(Tax(rate, taxes[rate]) for rate in own) for taxes, own in zip(found, rates, strict=True)]


def _included(
    currency: str, amounts: Sequence[int], rates: Sequence[tuple[TaxRate, ...]]
) -> Iterator[tuple[int, TaxRate, int]]:
    """Take the taxes out of the prices, all parts of the same rates together: of 119, 19 % are 19."""
    own = [tuple(rate for rate in several if rate.inclusive) for several in rates]
    for together in _distinct(own):
        parts = [part for part, several in enumerate(own) if several == together]
        left = [amounts[part] for part in parts]
        in_all = sum(rate.ppm for rate in together)
        tax = Money(round_half_up(sum(left) * in_all, PPM + in_all), currency)
        for rate, share in zip(together, allocate(money=tax, weights=[rate.ppm for rate in together]), strict=True):
            # By what is left of each part: so all its taxes together never take more than there is.
            shares = [each.amount_minor for each in allocate(money=share, weights=left)]
            left = [amount - minor for amount, minor in zip(left, shares, strict=True)]
            yield from zip(parts, [rate] * len(parts), shares, strict=True)


def _added(
    currency: str, nets: Sequence[int], rates: Sequence[tuple[TaxRate, ...]]
) -> Iterator[tuple[int, TaxRate, int]]:
    """Put each tax on top of all parts that it is taken of."""
    for rate in _distinct(rate for several in rates for rate in several if not rate.inclusive):
        parts = [part for part, several in enumerate(rates) if rate in several]
        weights = [nets[part] for part in parts]
        tax = Money(round_half_up(sum(weights) * rate.ppm, PPM), currency)
        shares = [each.amount_minor for each in allocate(money=tax, weights=weights)]
        yield from zip(parts, [rate] * len(parts), shares, strict=True)


def _distinct[T](several: Iterable[T]) -> list[T]:
    """Return each once, in the order of its first appearance."""
    return list(dict.fromkeys(several))
