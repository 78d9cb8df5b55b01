"""One simulated PSP account: what it remembers, what time it is there, and what it tells of itself."""

import time

from payments.simulator import objects
from payments.simulator.errors import missing
from payments.simulator.faults import Faults
from payments.simulator.store import Document, Store


class Account:
    """Shared by everything that happens at the PSP."""

    def __init__(self, store: Store, faults: Faults, *, base_url: str) -> None:
        self.store = store
        self.faults = faults
        self.base_url = base_url

    def now(self) -> int:
        """Return the virtual time in epoch seconds."""
        return int(time.time()) + self.store.setting("clock_offset_seconds")

    def found(self, kind: str, object_id: str) -> Document:
        """Return an object.

        :raises ApiError: there is none.
        """
        document = self.store.get(kind, object_id)
        if document is None:
            raise missing(kind, object_id)
        return document

    def tell(self, kind: str, subject: Document) -> None:
        """Record an event and that it is to be delivered: in the transaction of what it tells, so neither is lost."""
        rates, faults = self.faults.rates, self.faults
        twins = 2 if faults.happens(rates.webhook_twin) else 1
        for _ in range(twins):
            event = objects.new_event(kind, subject, created=self.now())
            self.store.add(event)
            copies = 2 if faults.happens(rates.webhook_duplicate) else 1
            for copy in range(copies):
                late = faults.draw() * rates.webhook_late_seconds if rates.webhook_late_seconds else 0.0
                delivery = {"id": f"{event['id']}_{copy}", "event": event["id"], "late_seconds": late}
                self.store.add(delivery, "delivery")
