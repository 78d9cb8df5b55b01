"""Deliver signed events: at once or on command, as often and in whatever order the test asks for.

What is not delivered yet stands in the store, so that an event outlives the process, as it does at a PSP.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import aiohttp

from payments.simulator.store import Document, Store

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 5.0  # Stripe waits hours; nobody does here
DELIVERY_TIMEOUT_SECONDS = 10
CONCURRENT_DELIVERIES = 8
ACCOUNT = "main"  # the one that each PSP has here, as Tally's addresses call it


@dataclass(frozen=True, slots=True)
class Letter:
    """An event as it goes over the wire."""

    body: bytes
    headers: Mapping[str, str]


type Sealer = Callable[[Document], Letter]  # forms and signs an event, now


class Webhooks:
    """The endpoints of one Tally, one for each PSP, and what is still to be delivered to them.

    :param base: where Tally is; nothing is sent while it is empty.
    :param sealers: by PSP.
    """

    def __init__(self, store: Store, *, base: str, sealers: Mapping[str, Sealer]) -> None:
        self.base = base
        self.only: frozenset[str] | None = None  # the types of events that the endpoints get; None: all
        self._store = store
        self._sealers = sealers
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        self._session: aiohttp.ClientSession | None = None
        self._started = 0  # up to which delivery

    @property
    def hold(self) -> bool:
        """Whether events wait for :meth:`flush`. Outlives the process, like what is held."""
        return bool(self._store.setting("hold_webhooks"))

    @hold.setter
    def hold(self, hold: bool) -> None:
        self._store.set("hold_webhooks", int(hold))

    def resume(self) -> None:
        """Start to deliver whatever waits, also what an earlier process left or what was held."""
        self._started = 0
        self.wake()

    def wake(self) -> None:
        """Start to deliver what has happened since, unless events are held or there is nowhere to send them."""
        if self.hold or not self.base:
            return
        waiting, self._started = self._store.newer("delivery", self._started)
        for delivery in waiting:
            if delivery["id"] not in self._under_way:
                task = asyncio.get_running_loop().create_task(self._deliver_until_taken(delivery))
                self._under_way[delivery["id"]] = task
                task.add_done_callback(partial(self._forget, delivery["id"]))

    async def close(self) -> None:
        """Leave what is under way for the next process, and close the connections."""
        await self.stop()
        if self._session is not None:
            await self._session.close()

    async def stop(self) -> None:
        """Give up what is under way; it is not forgotten."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, name: str, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(name, None)

    async def flush(self, *, copies: int, shuffle: bool, seed: int) -> int:
        """Send what waits, each event so many times; return how many deliveries were accepted.

        What was not accepted stays to be sent.
        """
        deliveries = self._store.all("delivery") * copies
        if shuffle:
            random.Random(seed).shuffle(deliveries)
        return sum(await asyncio.gather(*(self._deliver(delivery) for delivery in deliveries)))

    async def _deliver_until_taken(self, delivery: Document) -> None:
        """Post again and again, with back-off, until the endpoint says 2xx or events are held."""
        await asyncio.sleep(delivery["late_seconds"])
        for tries in itertools.count():
            if self.hold or self._store.get("delivery", delivery["id"]) is None or await self._deliver(delivery):
                return
            await asyncio.sleep(min(FIRST_RETRY_SECONDS * 2 ** min(tries, 10), LONGEST_RETRY_SECONDS))

    async def _deliver(self, delivery: Document) -> bool:
        async with self._gate:
            if not self.base or not await self._post(delivery):
                return False
        self._store.count("deliveries")
        self._store.remove("delivery", delivery["id"])
        return True

    async def _post(self, delivery: Document) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
            )
        psp = delivery["psp"]
        letter = self._sealers[psp](delivery["event"])
        headers = {"Content-Type": "application/json", **letter.headers}
        try:
            # A redirect is a failure, as at Stripe.
            async with self._session.post(
                f"{self.base}/webhooks/{psp}/{ACCOUNT}", data=letter.body, headers=headers, allow_redirects=False
            ) as answer:
                return 200 <= answer.status < 300  # noqa: PLR2004 - 2xx
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
