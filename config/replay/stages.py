"""What is replayed, in the order of the way from outside to outside."""

from collections.abc import Iterator

from django.conf import settings

from config.replay import delivery, money, settlement, shop, stream
from config.replay.projection import Replayed, replay

PROJECTIONS = (
    delivery.INBOX,
    money.INTENTS,
    shop.STOCK,
    money.BALANCES,
    money.CAPTURES,
    money.REFUNDS,
    money.SUSPENSE,
    settlement.LINES,
    shop.ORDERS,
    delivery.HANDLERS,
    delivery.DELIVERIES,
)


def replay_all() -> Iterator[Replayed]:
    """Rebuild and compare every projection; each is one line of ``manage.py verify --replay``."""
    yield from replay(PROJECTIONS)
    if settings.EVENT_STREAM_URL:
        yield stream.compare()
