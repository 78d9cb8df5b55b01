"""No process outlives its stack: a record of the started ones on disk, and a guard that stops them when the stack dies.

A stack that is killed with -9 cannot tidy up. The guard waits for the end of a pipe whose other end the stack alone
holds, and stops what the record names. Should the guard be killed too, the next start in the folder reads the record.
Run as `python -m config.services.leftovers RECORD`.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# A process id is used again one day; two processes of one id never start within this time of each other.
SAME_START_SECONDS = 1.0

# Whoever ignores the polite signal is killed after this time.
GRACE_SECONDS = 5.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """The file that names every process of one stack while it runs: one JSON line each."""

    path: Path

    def add(self, *, pid: int, stop_signal: signal.Signals) -> None:
        """Note a process that leads its own process group."""
        try:
            started = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(Entry(pid, started, int(stop_signal)))) + "\n")

    def clear(self) -> None:
        """Forget all: everything was stopped in good order."""
        self.path.unlink(missing_ok=True)

    def stop_all(self) -> int:
        """Stop every noted process that still runs, with all of its group, and return how many there were."""
        noted = [entry for entry in self._entries() if entry.runs()]
        for entry in noted:
            with contextlib.suppress(ProcessLookupError):
                os.kill(entry.pid, entry.stop_signal)
        _wait_for_end(noted)
        for entry in noted:
            kill_group(entry.pid)
        _wait_for_end(noted)
        self.clear()
        return len(noted)

    def _entries(self) -> list["Entry"]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [Entry(**json.loads(line)) for line in lines]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record."""

    pid: int
    started: float
    stop_signal: int

    def runs(self) -> bool:
        """Return whether this very process still runs."""
        return is_same_process(pid=self.pid, started=self.started)


def _wait_for_end(entries: list[Entry]) -> None:
    # A process that only waits for its new parent to bury it does not count: `runs` knows, psutil's own wait does not.
    deadline = time.monotonic() + GRACE_SECONDS
    while any(entry.runs() for entry in entries) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def is_same_process(*, pid: int, started: float) -> bool:
    """Return whether this process still runs, and is not another one with the same id."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < SAME_START_SECONDS and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_group(leader: int) -> None:
    """Kill what is left of the process group that this process led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


@contextlib.contextmanager
def guarded(record: Record) -> Iterator[None]:
    """Have the record's processes stopped when this process ends, however it ends."""
    record.path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "config.services.leftovers", str(record.path)]
    # In a session of its own: a Ctrl-C or a hang-up in the terminal must not end it before us.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=BASE_DIR, start_new_session=True
    ):
        # Leaving closes the pipe, and with it ends the guard.
        yield


def main() -> None:
    """Wait for the end of standard input, then stop what the record names."""
    for polite in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.SIG_IGN)
    sys.stdin.buffer.read()
    Record(Path(sys.argv[1])).stop_all()


if __name__ == "__main__":
    main()
