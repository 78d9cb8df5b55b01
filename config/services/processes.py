"""One long-running process of a stack: started in a session of its own, logged to a file, stopped to the last child."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.services.leftovers import BASE_DIR, Record, kill_group

# Longer than a worker's soft shutdown takes where its tasks are short.
GRACE_SECONDS = 15.0

READY_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05

LOG_LINES_SHOWN = 15


class ProcessFailed(Exception):
    """A process ended that should run, or is never ready. The message names it and ends with its log."""


class Cancelled(Exception):
    """Somebody asked to stop while a process was starting."""


def always() -> bool:
    """Stand for a process that is ready once it runs."""
    return True


@dataclass(slots=True)
class Process:
    """A program that runs as long as its stack.

    :param is_ready: whether it does its work now; asked again and again while it starts.
    :param stop_signal: what asks this program to end in good order.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    record: Record
    is_ready: Callable[[], bool] = always
    stop_signal: signal.Signals = signal.SIGTERM
    _running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """Return the id of the process that runs or last ran."""
        return self._running.pid if self._running else None

    @property
    def exit_code(self) -> int | None:
        """Return how the process ended, None while it runs or before its first start."""
        return self._running.poll() if self._running else None

    def start(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and do not wait until it is ready.

        :param environment: variables that this start adds to the process's own.
        """
        assert self._running is None or self._running.poll() is not None, f"{self.name} runs already"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(self.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # In a session of its own: a Ctrl-C in the terminal reaches the stack alone, which then stops its processes
            # in order; and all that the process starts is one group, which can be killed to the last.
            self._running = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=BASE_DIR,
                env={**self.environment, **(environment or {})},
                start_new_session=True,
            )
        finally:
            os.close(log)
        self.record.add(pid=self._running.pid, stop_signal=self.stop_signal)

    def wait_until_ready(self, *, cancelled: threading.Event | None = None) -> None:
        """Wait until it does its work.

        :param cancelled: set by who wants to stop waiting.
        :raises ProcessFailed: it ended, or took too long.
        """
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while not self.is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessFailed(self._obituary(f"is not ready after {READY_TIMEOUT_SECONDS:.0f} s"))
            pause(cancelled)

    def wait_until_done(self, *, cancelled: threading.Event | None = None) -> None:
        """Wait for its end.

        :raises ProcessFailed: it ended with another exit code than 0.
        """
        while self.exit_code is None:
            pause(cancelled)
        if self.exit_code:
            self.check()

    def ask_to_stop(self) -> None:
        """Send the stop signal, if it runs."""
        if self._running and self._running.poll() is None:
            self._running.send_signal(self.stop_signal)

    def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """End it in good order, or by force after the grace, with everything that it started."""
        self.ask_to_stop()
        self.end(grace_seconds=grace_seconds)

    def end(self, *, grace_seconds: float) -> None:
        """Wait for its end, and after the grace bring it about, with everything that it started."""
        if self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._running.wait(timeout=grace_seconds)
            self.kill9()

    def kill9(self) -> None:
        """Kill it and everything that it started, as a crash would."""
        self.kill_at_once()
        if self._running:
            self._running.wait()

    def kill_at_once(self) -> None:
        """Kill it and everything that it started, and do not wait: for a signal handler.

        The handler may have interrupted a wait for this very process, which holds the lock that a second wait needs.
        """
        if self._running:
            kill_group(self._running.pid)

    def restart(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Stop it if it runs, start it again, and wait until it is ready."""
        self.stop()
        self.start(environment=environment)
        self.wait_until_ready()

    def check(self) -> None:
        """Check that it runs.

        :raises ProcessFailed: it ended.
        """
        if self.exit_code is not None:
            raise ProcessFailed(self._obituary(ending(self.exit_code)))

    def _obituary(self, what: str) -> str:
        last_words = "\n".join(self.log_path.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
        return f"{self.name} {what}. Its log ({self.log_path}) ends:\n{last_words}"


def end_all(processes: Sequence[Process]) -> None:
    """Stop them all at once, within one grace. Each is asked once: to many a second time means at once."""
    for process in processes:
        process.ask_to_stop()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        process.end(grace_seconds=max(0.0, deadline - time.monotonic()))


def pause(cancelled: threading.Event | None) -> None:
    """Sleep for a moment.

    :raises Cancelled: the event is set.
    """
    if cancelled is None:
        time.sleep(POLL_SECONDS)
    elif cancelled.wait(POLL_SECONDS):
        raise Cancelled


def ending(exit_code: int) -> str:
    """Return how a process ended, in words."""
    if exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"
