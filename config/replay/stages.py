"""What is replayed, in the order of the way from outside to outside."""

from collections.abc import Iterator

from config.replay import delivery, money, shop
from config.replay.projection import Replayed, replay

PROJECTIONS = (
    delivery.INBOX,
    money.INTENTS,
    shop.STOCK,
    money.BALANCES,
    money.CAPTURES,
    money.REFUNDS,
    shop.ORDERS,
    delivery.HANDLERS,
)


def replay_all() -> Iterator[Replayed]:
    """Rebuild and compare every projection; each is one line of ``manage.py verify --replay``."""
    return replay(PROJECTIONS)
