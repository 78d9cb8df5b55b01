"""Deliver signed events: at once or on command, as often and in whatever order the test asks for."""

import asyncio
import hashlib
import hmac
import json
import random
import time

import aiohttp

from payments.simulator.store import Document

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # Stripe takes days; nobody waits that long here
DELIVERY_TIMEOUT_SECONDS = 10
CONCURRENT_DELIVERIES = 4


class Webhooks:
    """One endpoint, its secret, and what is held back for it."""

    def __init__(self, *, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self.hold = False
        self.delivered = 0
        self._held: list[Document] = []
        self._tasks: set[asyncio.Task[bool]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Drop what is under way and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def take(self, event: Document) -> None:
        """Send an event now, or keep it for :meth:`flush`."""
        if self.hold:
            self._held.append(event)
            return
        task = asyncio.get_running_loop().create_task(self._deliver(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def flush(self, *, copies: int, shuffle: bool, seed: int) -> int:
        """Send what was held back, each event so many times; return how many deliveries were accepted."""
        deliveries = self._held * copies
        self._held = []
        if shuffle:
            random.Random(seed).shuffle(deliveries)
        gate = asyncio.Semaphore(CONCURRENT_DELIVERIES)

        async def deliver(event: Document) -> bool:
            async with gate:
                return await self._deliver(event)

        return sum(await asyncio.gather(*(deliver(event) for event in deliveries)))

    async def _deliver(self, event: Document) -> bool:
        """Post until the endpoint says 2xx; return whether it did."""
        if not self.url:
            return False
        body = json.dumps(event).encode()
        for wait in (*RETRY_SECONDS, None):
            if await self._post(body):
                self.delivered += 1
                return True
            if wait is not None:
                await asyncio.sleep(wait)
        print(f"webhook given up: {event['id']}", flush=True)  # noqa: T201 - the process's log
        return False

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
