"""Deliver signed events: at once or on command, as often and in whatever order the test asks for.

What is not delivered yet stands in the store, so that an event outlives the process, as it does at a PSP.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import time

import aiohttp

from payments.simulator.store import Document, Store

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 5.0  # Stripe waits hours; nobody does here
DELIVERY_TIMEOUT_SECONDS = 10
CONCURRENT_DELIVERIES = 4


class Webhooks:
    """One endpoint, its secret, and what is still to be delivered to it."""

    def __init__(self, store: Store, *, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self.hold = False
        self._store = store
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def resume(self) -> None:
        """Go on with what an earlier process had not delivered."""
        for waiting in self._store.all("delivery"):
            self._start(waiting["event"])

    async def close(self) -> None:
        """Leave what is under way for the next process, and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def take(self, event: Document) -> None:
        """Note that an event is to be delivered, and send it now unless they are held."""
        self._store.put("delivery", {"id": _delivery_id(event), "event": event})
        if not self.hold:
            self._start(event)

    async def flush(self, *, copies: int, shuffle: bool, seed: int) -> int:
        """Send what is held back, each event so many times; return how many deliveries were accepted.

        What was not accepted stays to be sent.
        """
        events = [waiting["event"] for waiting in self._store.all("delivery")]
        deliveries = events * copies
        if shuffle:
            random.Random(seed).shuffle(deliveries)
        gate = asyncio.Semaphore(CONCURRENT_DELIVERIES)

        async def deliver(event: Document) -> bool:
            async with gate:
                return await self._deliver(event)

        return sum(await asyncio.gather(*(deliver(event) for event in deliveries)))

    def _start(self, event: Document) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver_until_taken(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_until_taken(self, event: Document) -> None:
        """Post again and again, with back-off, until the endpoint says 2xx."""
        for tries in itertools.count():
            if await self._deliver(event):
                return
            await asyncio.sleep(min(FIRST_RETRY_SECONDS * 2 ** min(tries, 10), LONGEST_RETRY_SECONDS))

    async def _deliver(self, event: Document) -> bool:
        if not self.url or not await self._post(json.dumps(event).encode()):
            return False
        self._store.count("deliveries")
        self._store.remove("delivery", _delivery_id(event))
        return True

    async def _post(self, body: bytes) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
            )
        headers = {"Content-Type": "application/json", "Stripe-Signature": sign(body, self.secret, int(time.time()))}
        try:
            async with self._session.post(self.url, data=body, headers=headers) as answer:
                return 200 <= answer.status < 300  # noqa: PLR2004 - 2xx
        except (aiohttp.ClientError, TimeoutError):
            return False


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """Return a Stripe-Signature header: HMAC-SHA256 over ``timestamp.body``."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _delivery_id(event: Document) -> str:
    return f"delivery_{event['id']}"
