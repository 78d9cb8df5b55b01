"""One account at a simulated PSP: what it remembers, what time it is there, and what it tells of itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from payments.simulator.faults import Faults
from payments.simulator.store import Document, Store
from payments.simulator.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Shared:
    """What the PSPs of one process share."""

    store: Store
    faults: Faults
    webhooks: Webhooks
    base_url: str  # where this process is, for the pages that a buyer is sent to


class Account:
    """Shared by everything that happens at one PSP."""

    psp: ClassVar[str]

    def __init__(self, shared: Shared) -> None:
        self.store = shared.store
        self.faults = shared.faults
        self.webhooks = shared.webhooks
        self.base_url = shared.base_url

    def now(self) -> int:
        """Return the virtual time in epoch seconds."""
        return now_at(self.store)

    def post(self, kind: str, new_event: Callable[[], Document]) -> None:
        """Record an event and that it is to be delivered: in the transaction of what it tells, so neither is lost.

        :param kind: its type, by which the endpoint may want it or not.
        """
        rates, faults = self.faults.rates, self.faults
        twins = 2 if faults.happens(rates.webhook_twin) else 1
        for _ in range(twins):
            event = new_event()
            number = self.store.count("events")
            if self.webhooks.only is not None and kind not in self.webhooks.only:
                continue
            copies = 2 if faults.happens(rates.webhook_duplicate) else 1
            for copy in range(copies):
                late = faults.draw() * rates.webhook_late_seconds if rates.webhook_late_seconds else 0.0
                name = f"delivery_{number}_{copy}"
                self.store.add({"id": name, "psp": self.psp, "event": event, "late_seconds": late}, "delivery")


def now_at(store: Store) -> int:
    """Return the virtual time in epoch seconds."""
    return int(time.time()) + store.setting("clock_offset_seconds")
