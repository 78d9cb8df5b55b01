"""Sharing a sum out so that the shares add up to it, to the minor unit. Pure."""

from collections.abc import Sequence

from ledger.money import Money


def allocate(*, money: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Share ``money`` out in proportion to ``weights``, one share for each, by the largest-remainder method.

    Every share is the exact one rounded down or up: what rounding down leaves over goes, one minor unit each, to the
    shares that lost most by it, the earlier of equals first. So a larger weight never gets less than a smaller one,
    and no share exceeds its weight where the sum does not exceed theirs. A negative sum is shared as its opposite is.

    :raises ValueError: a weight is negative, or nothing has any weight while there is something to share.
    """
    whole = sum(weights)
    if min(weights, default=0) < 0 or (whole == 0 and money.amount_minor != 0):
        raise ValueError(f"{money} cannot be shared out by {list(weights)}")
    exact = [divmod(abs(money.amount_minor) * weight, whole or 1) for weight in weights]
    left = abs(money.amount_minor) - sum(share for share, _ in exact)
    neediest = set(sorted(range(len(exact)), key=lambda place: -exact[place][1])[:left])
    sign = -1 if money.amount_minor < 0 else 1
    return tuple(Money(sign * (share + (place in neediest)), money.currency) for place, (share, _) in enumerate(exact))
