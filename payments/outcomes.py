"""What upper packages hear when an intent moves: inside the very transaction that moves it.

config/wiring.py subscribes them, so payments imports nothing from above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from payments.states import IntentState


@dataclass(frozen=True, slots=True)
class IntentOutcome:
    """An intent has moved to ``state``; the intent's row is locked by the caller."""

    intent_id: str
    order_reference: str
    state: IntentState
    decline_reason: str
    next_action_url: str
    # Whether what is authorised is to be taken without anybody asking for that.
    captures_at_once: bool
    now: datetime


Subscriber = Callable[[IntentOutcome], None]

_subscribers: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> None:
    """Have ``subscriber`` called for every outcome. It runs in the transaction: if it raises, nothing has happened."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)


def announce(outcome: IntentOutcome) -> None:
    """Tell every subscriber, in the order of subscription."""
    for subscriber in _subscribers:
        subscriber(outcome)
