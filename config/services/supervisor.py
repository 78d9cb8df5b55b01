"""Watching a running stack: a process that dies is started again, later each time, and somebody is told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from config.services.processes import Process, ending
from config.services.stack import Stack

WATCH_SECONDS = 0.25

# A process that dies at once must not burn the machine; one that ran this long is forgiven its earlier deaths.
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
HEALTHY_SECONDS = 60.0


@dataclass(slots=True)
class Watch:
    """One process and when it is to be started again."""

    process: Process
    tell: Callable[[str], None]
    delay_seconds: float = FIRST_DELAY_SECONDS
    started_at: float = field(default_factory=time.monotonic)
    due_at: float | None = None

    def look(self, *, now: float) -> None:
        """Plan a restart of a dead process, or carry out the one that is due.

        :param now: seconds of the monotonic clock.
        """
        if self.due_at is not None:
            if now >= self.due_at:
                self._start(now)
        elif (exit_code := self.process.exit_code) is not None:
            self._plan(now, exit_code)

    def _plan(self, now: float, exit_code: int) -> None:
        if now - self.started_at > HEALTHY_SECONDS:
            self.delay_seconds = FIRST_DELAY_SECONDS
        self.due_at = now + self.delay_seconds
        self.tell(
            f"{self.process.name} {ending(exit_code)}; starting it again in {self.delay_seconds:.0f} s"
            f" (log: {self.process.log_path})"
        )
        self.delay_seconds = min(2 * self.delay_seconds, LONGEST_DELAY_SECONDS)

    def _start(self, now: float) -> None:
        # What the dead one had started may hold its port.
        self.process.kill9()
        self.process.start()
        self.started_at, self.due_at = now, None
        self.tell(f"{self.process.name} runs again")


def supervise(stack: Stack, *, until: threading.Event, tell: Callable[[str], None]) -> None:
    """Keep the stack's processes running until the event is set."""
    watches = [Watch(process, tell) for process in stack.processes.values()]
    while not until.wait(WATCH_SECONDS):
        for watch in watches:
            watch.look(now=time.monotonic())
