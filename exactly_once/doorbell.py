"""Wake workers for events that came in: after the answer has gone out, and for many events with one message.

A message costs its sender more than keeping the event did (0.7 ms and 0.3 ms of a core, measured). Whoever hands an
event in does not wait for it, and where they come quickly one message serves for many.
"""

import os
import threading
import time
from queue import Empty, SimpleQueue

import structlog

from exactly_once.wake import wake

log = structlog.get_logger(__name__)

TASK = "exactly_once.process_inbox_events"
# A worker is done with so many in a fraction of its time limit; a batch of the entrance is ten messages.
EVENTS_PER_MESSAGE = 100
# How long an event waits for others: what it reports is mostly in the PSP's answer, which our own request is about to
# write. A worker then finds that it knows it all, of many at once (inbox_batch.py).
PAUSE_SECONDS = 0.2


class Doorbell:
    """One thread of this process sends the messages. What it has not sent when the process dies, the sweeper finds."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[int] = SimpleQueue()
        self._starting = threading.Lock()
        self._started_in = 0  # the process; a fork has none of its parent's threads

    def ring(self, event_id: int) -> None:
        """Have a worker woken for the event, soon; never wait, never fail."""
        self._waiting.put(event_id)
        if self._started_in != os.getpid():
            with self._starting:
                if self._started_in != os.getpid():
                    threading.Thread(target=self._send_for_ever, name="doorbell", daemon=True).start()
                    self._started_in = os.getpid()

    def _send_for_ever(self) -> None:
        while True:
            events = [self._waiting.get()]
            time.sleep(PAUSE_SECONDS)
            events += self._rest()
            for first in range(0, len(events), EVENTS_PER_MESSAGE):
                try:
                    wake(TASK, *events[first : first + EVENTS_PER_MESSAGE])
                except Exception:
                    log.exception("doorbell.failed")

    def _rest(self) -> list[int]:
        """Return all that wait."""
        events: list[int] = []
        try:
            while True:
                events.append(self._waiting.get_nowait())
        except Empty:
            return events


doorbell = Doorbell()
