import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from config.services.leftovers import BASE_DIR, Record
from config.services.processes import Cancelled, Process, ProcessFailed

# Has a child of its own, tells both ids, and obeys nobody.
STUBBORN = """
import os, signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
OBEDIENT = "import time; print('up', flush=True); time.sleep(600)"

# Starts a process under guard, says so, and waits to be killed.
PARENT = """
import os, sys, time
from pathlib import Path
from config.services.leftovers import Record, guarded
from config.services.processes import Process
from tests.campaigns import PROCESSES

pytestmark = PROCESSES.only
root = Path(sys.argv[1])
record = Record(root / "processes.jsonl")
process = Process("child", [sys.executable, "-c", sys.argv[2]], os.environ, root / "child.log", record)
with guarded(record):
    process.start()
    print("in", flush=True)
    time.sleep(600)
"""


def _process(tmp_path: Path, code: str) -> Process:
    log, record = tmp_path / "log", Record(tmp_path / "processes.jsonl")
    return Process("it", [sys.executable, "-c", code], os.environ, log, record, is_ready=lambda: log.stat().st_size > 0)


def _started(tmp_path: Path, code: str) -> Process:
    process = _process(tmp_path, code)
    process.start()
    process.wait_until_ready()
    return process


def _family(log: Path) -> list[int]:
    return [int(word) for word in log.read_text().split()]


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _all_gone(pids: list[int], *, within_seconds: float = 15) -> bool:
    deadline = time.monotonic() + within_seconds
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(_runs, pids))


def test_an_obedient_process_ends_by_its_signal(tmp_path: Path) -> None:
    process = _started(tmp_path, OBEDIENT)

    process.stop()

    assert process.exit_code == -signal.SIGTERM


def test_a_process_that_ignores_its_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    process = _started(tmp_path, STUBBORN)
    family = _family(process.log_path)
    assert all(map(_runs, family))

    process.stop(grace_seconds=0.2)

    assert process.exit_code == -signal.SIGKILL
    assert len(family) == 2
    assert _all_gone(family)


def test_kill9_leaves_no_child(tmp_path: Path) -> None:
    process = _started(tmp_path, STUBBORN)

    process.kill9()

    assert _all_gone(_family(process.log_path))


def test_a_restarted_process_is_another_one_with_the_variables_of_its_restart(tmp_path: Path) -> None:
    process = _started(tmp_path, "import os, time; print(os.environ.get('LEASE'), flush=True); time.sleep(600)")
    first = process.pid
    process.is_ready = lambda: len(process.log_path.read_text().split()) == 2

    process.restart(environment={"LEASE": "2"})

    assert process.pid != first
    assert process.exit_code is None
    assert _all_gone([first or 0])
    process.stop()
    assert process.log_path.read_text().split() == ["None", "2"]


def test_a_process_that_dies_while_starting_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = _process(tmp_path, "import sys; sys.exit('no such table')")
    process.is_ready = lambda: False
    process.start()

    with pytest.raises(ProcessFailed, match=r"it ended with exit code 1\. Its log .* ends:\nno such table"):
        process.wait_until_ready()


def test_waiting_for_a_process_can_be_cancelled(tmp_path: Path) -> None:
    process = _process(tmp_path, OBEDIENT)
    process.is_ready = lambda: False
    process.start()
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(Cancelled):
        process.wait_until_ready(cancelled=cancelled)
    process.kill9()


def test_the_log_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    process = _started(tmp_path, OBEDIENT)

    process.kill9()

    assert process.log_path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("code", [OBEDIENT, STUBBORN])
def test_the_processes_of_a_killed_parent_are_stopped(tmp_path: Path, code: str) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path), code]
    with subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "in\n"
        family = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
        assert len(family) >= 2
        parent.kill()

    assert _all_gone(family)
    assert not (tmp_path / "processes.jsonl").exists()


def test_the_record_finds_what_a_killed_parent_and_its_killed_guard_left_behind(tmp_path: Path) -> None:
    process = _started(tmp_path, STUBBORN)
    family = _family(process.log_path)

    stopped = Record(tmp_path / "processes.jsonl").stop_all()

    assert stopped == 1
    assert _all_gone(family)
    process.kill9()


def test_the_record_spares_another_process_that_has_an_old_id(tmp_path: Path) -> None:
    process = _started(tmp_path, OBEDIENT)
    record = Record(tmp_path / "processes.jsonl")
    started = psutil.Process(process.pid).create_time()
    record.path.write_text(record.path.read_text().replace(str(started), str(started - 60)))

    stopped = record.stop_all()

    assert stopped == 0
    assert process.exit_code is None
    process.kill9()


def test_a_handler_may_kill_a_process_that_the_interrupted_code_waits_for(tmp_path: Path) -> None:
    # Given a wait for a process that does not end, and a signal whose handler kills at once
    program = """
import os, signal, sys, threading
from pathlib import Path
from config.services.leftovers import Record
from config.services.processes import Process
here = Path(sys.argv[1])
process = Process("sleeper", ["sleep", "600"], dict(os.environ), here / "log", Record(here / "record"))
process.start()
signal.signal(signal.SIGUSR1, lambda *_: process.kill_at_once())
threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGUSR1]).start()
process._running.wait()
print(process.exit_code)
"""
    # When
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=20, check=True
    )
    # Then
    assert done.stdout == "-9\n"
