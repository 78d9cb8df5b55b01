"""What of a payment has been earned by now, as who sells by it says: a refund of that comes off revenue.

config/wiring.py says who that is, so payments imports nothing from above.
"""

from collections.abc import Callable, Sequence

from payments.parts import Part

Provider = Callable[[str], Sequence[Part]]

_providers: list[Provider] = []


def register_provider(provider: Provider) -> None:
    """Have ``provider`` asked, by an order reference whose intent is locked; it returns nothing where it knows none."""
    if provider not in _providers:
        _providers.append(provider)


def earned_parts(*, order_reference: str) -> list[Part]:
    """Return how much of which part of an order's payment is earned."""
    return [part for provider in _providers for part in provider(order_reference)]
