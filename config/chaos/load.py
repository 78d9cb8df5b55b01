"""Buyers who come one after the other while the chaos lasts, and somebody who looks whether the shop is open."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from config.demo.buyer import Shopper, Visit
from config.demo.plan import Buyer, Story

BUYERS_AT_ONCE = 6
# A buyer's client goes on asking for so long: whatever dies is back much sooner.
PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.1
STORIES = (Story.PLAIN, Story.PLAIN, Story.PLAIN, Story.DECLINED, Story.DROPPED, Story.IMPATIENT)


@dataclass
class Load:
    """What the buyers came to, and for how many seconds nobody was answered."""

    visits: list[Visit] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unavailable_seconds: float = 0.0

    @property
    def outcomes(self) -> Counter[str]:
        """Return how many visits ended in what."""
        return Counter(visit.outcome for visit in self.visits)


def start(
    *, load: Load, base_url: str, api_key: str, skus: list[str], seed: int, until: threading.Event
) -> list[threading.Thread]:
    """Start the buyers and the looker; they end by themselves after the event is set, each with a final answer."""
    numbers = iter(range(10**9))
    turn = threading.Lock()

    def buy(place: int) -> None:
        dice = random.Random(seed * 1_000 + place)  # noqa: S311 - a repeatable play, not a secret
        shopper = Shopper(base_url=base_url, api_key=api_key, patience_seconds=PATIENCE_SECONDS)
        while not until.is_set():
            with turn:
                number = next(numbers)
            goods = tuple((sku, dice.randint(1, 3)) for sku in dice.sample(skus, k=dice.randint(1, 2)))
            currency = dice.choice(["EUR", "USD"])
            buyer = Buyer(number, dice.choice(STORIES), "stripe", currency, goods, dice.randrange(2**32))
            try:
                load.visits.append(shopper.visit(buyer))
            except (AssertionError, TimeoutError, httpx.HTTPError, KeyError, ValueError) as error:
                load.errors.append(f"buyer {number} ({buyer.story}): {error!r}")
        shopper.close()

    def look() -> None:
        while not until.is_set():
            began = time.monotonic()
            if not _answers(f"{base_url}/api/v1/products", api_key):
                time.sleep(LOOK_SECONDS)
                load.unavailable_seconds += time.monotonic() - began
            else:
                time.sleep(LOOK_SECONDS)

    threads = [threading.Thread(target=buy, args=[place], name=f"buyer-{place}") for place in range(BUYERS_AT_ONCE)]
    threads.append(threading.Thread(target=look, name="looker"))
    for thread in threads:
        thread.start()
    return threads


def _answers(url: str, api_key: str) -> bool:
    try:
        return httpx.get(url, headers={"Authorization": f"Bearer {api_key}"}, timeout=2).is_success
    except httpx.HTTPError:
        return False
