import os
import sys
from pathlib import Path

from config.services.leftovers import Record
from config.services.processes import Process
from config.services.supervisor import HEALTHY_SECONDS, LONGEST_DELAY_SECONDS, Watch


def _dead(tmp_path: Path) -> Process:
    process = Process("it", [sys.executable, "-c", ""], os.environ, tmp_path / "log", Record(tmp_path / "record"))
    process.start()
    process.wait_until_done()
    return process


def _deaths(watch: Watch, *, count: int, now: float, lives_seconds: float = 0) -> list[float]:
    """Return the delays before so many restarts of a process that always dies after the same time."""
    delays = []
    for _ in range(count):
        now += lives_seconds
        watch.look(now=now)
        assert watch.due_at is not None
        delays.append(watch.due_at - now)
        now = watch.due_at
        watch.look(now=now)
        watch.process.wait_until_done()
    return delays


def test_a_process_that_dies_is_started_again_and_both_are_told(tmp_path: Path) -> None:
    process, told = _dead(tmp_path), list[str]()
    watch, first = Watch(process, told.append, started_at=0), process.pid

    watch.look(now=10)
    watch.look(now=10.9)
    assert process.pid == first
    watch.look(now=11)
    process.wait_until_done()

    assert process.pid != first
    assert told == [
        f"it ended with exit code 0; starting it again in 1 s (log: {process.log_path})",
        "it runs again",
    ]


def test_a_process_that_dies_at_once_is_started_later_each_time(tmp_path: Path) -> None:
    watch = Watch(_dead(tmp_path), lambda _: None, started_at=0)

    assert _deaths(watch, count=7, now=0) == [1, 2, 4, 8, 16, LONGEST_DELAY_SECONDS, LONGEST_DELAY_SECONDS]


def test_a_process_that_ran_well_is_forgiven_its_earlier_deaths(tmp_path: Path) -> None:
    watch = Watch(_dead(tmp_path), lambda _: None, started_at=0)
    _deaths(watch, count=3, now=0)

    assert _deaths(watch, count=2, now=100, lives_seconds=HEALTHY_SECONDS + 1) == [1, 1]


def test_a_running_process_is_left_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process, told = Process("it", command, os.environ, tmp_path / "log", Record(tmp_path / "record")), list[str]()
    process.start()
    pid = process.pid

    Watch(process, told.append).look(now=1)

    assert (process.pid, told) == (pid, [])
    process.kill9()
