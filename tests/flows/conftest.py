"""The shop of the shared stack."""

from collections.abc import Iterator

import pytest

from config.services.stack import Stack
from tests.shop import Shop, shop_at


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Iterator[Shop]:
    with shop_at(stack) as shop:
        yield shop


@pytest.fixture
def held_webhooks(shop: Shop) -> Iterator[None]:
    """Keep the PSP's webhooks back, so that only the request's own path is at work."""
    shop.psp.post("/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()
    yield
    shop.psp.post("/_simulator/webhooks", json={"mode": "live", "flush": True}).raise_for_status()
