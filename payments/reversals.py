"""What upper packages hear when money has moved back: a dispute is decided, or a refund came to nothing.

Inside the very transaction in which it does. config/wiring.py subscribes them, so payments imports nothing from above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reversal:
    """Money of this order's payment has moved back; the payment's intent and attempt are locked by the caller."""

    order_reference: str
    now: datetime


Subscriber = Callable[[Reversal], None]

_subscribers: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> None:
    """Have ``subscriber`` called for every reversal. It runs in the transaction: if it raises, nothing has happened."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)


def announce(reversal: Reversal) -> None:
    """Tell every subscriber, in the order of subscription."""
    for subscriber in _subscribers:
        subscriber(reversal)
