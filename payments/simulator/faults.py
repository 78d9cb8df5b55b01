"""What goes wrong on the wire: asked for by a token, queued by a test, or drawn from a seed."""

import random
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from payments.simulator.store import Store

SLOW_SECONDS = 15.0  # longer than any client of ours waits


class Fault(StrEnum):
    """One mishap of one request."""

    DROP_REPLY = "drop_reply"  # executed, stored, and the connection dies before the reply
    SLOW = "slow"  # executed, and the reply comes too late
    ERROR_500_AFTER = "error500_after"  # executed, and yet a 500 is the stored answer: only a look-up tells
    RESET = "reset"  # the connection dies before anything is executed
    ERROR_500 = "error500"  # nothing is executed, and that is the stored answer
    RATE_LIMIT = "rate_limit"  # 429: nothing is executed, nothing stored


@dataclass
class Rates:
    """How often, how late. Shares are between 0 and 1."""

    drop_reply: float = 0.0
    slow: float = 0.0
    error500_after: float = 0.0
    reset: float = 0.0
    error500: float = 0.0
    rate_limit: float = 0.0
    delay_seconds: float = 0.0  # before a request is executed; its idempotency key is in use meanwhile
    search_lag_seconds: float = 0.0  # how far a search is behind, as Stripe's is
    webhook_duplicate: float = 0.0  # the same event twice
    webhook_twin: float = 0.0  # the same news under two event ids
    webhook_batch: float = 0.0  # news joins what waits in the same webhook, where a PSP sends several at once
    webhook_late_seconds: float = 0.0  # each delivery waits up to this long, and so overtakes others

    def set(self, name: str, value: object) -> None:
        """Set one of them.

        :raises ValueError: no such rate, or no number in its range.
        """
        if name not in vars(self):
            raise ValueError(f"there is no fault {name!r}")
        number = float(value) if isinstance(value, int | float | str) else -1.0
        if not 0 <= number <= (float("inf") if name.endswith("_seconds") else 1):
            raise ValueError(f"{name} is not {value!r}")
        setattr(self, name, number)


@dataclass
class Faults:
    """Decides what befalls a request. Draws follow from the seed and from how many there were, across restarts."""

    store: Store
    seed: int
    rates: Rates = field(default_factory=Rates)
    next_writes: deque[Fault | None] = field(default_factory=deque)
    next_reads: deque[Fault | None] = field(default_factory=deque)

    def of_write(self, *, by_token: Fault | None) -> Fault | None:
        """Return what befalls a POST."""
        if self.next_writes:
            return self.next_writes.popleft()
        return by_token or self._drawn()

    def of_read(self) -> Fault | None:
        """Return what befalls a GET."""
        return self.next_reads.popleft() if self.next_reads else None

    def happens(self, share: float) -> bool:
        """Draw whether something happens that does so with this share."""
        return share > 0 and self.draw() < share

    def draw(self) -> float:
        """Return the next number between 0 and 1."""
        return random.Random(f"{self.seed}:{self.store.count('draws')}").random()

    def queue(self, commands: dict[str, Any]) -> None:
        """Take a test's wishes: rates by name, and ``next`` or ``next_reads`` as lists of faults (null: none).

        :raises ValueError: a wish that is none.
        """
        for name, value in commands.items():
            if name in {"next", "next_reads"}:
                queue = self.next_writes if name == "next" else self.next_reads
                queue.extend(Fault(fault) if fault else None for fault in value)
            else:
                self.rates.set(name, value)

    def clear(self) -> None:
        """Let everything go well."""
        self.rates = Rates()
        self.next_writes.clear()
        self.next_reads.clear()

    def _drawn(self) -> Fault | None:
        shares = {fault: getattr(self.rates, fault.value) for fault in Fault}
        if not any(shares.values()):
            return None
        throw = self.draw()
        for fault, share in shares.items():
            if throw < share:
                return fault
            throw -= share
        return None
