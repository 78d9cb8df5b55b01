"""`manage.py up` as a person uses it: a real process, real servers, real signals."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psutil
import pytest

from config.services import ports
from config.services.leftovers import BASE_DIR
from config.services.state import RunningStack, StateDir
from tests.campaigns import PROCESSES
from tests.servers import STATE_DIR

NOT_INHERITED = {"DATABASE_URL", "CELERY_BROKER_URL", "TALLY_ENVIRONMENT", "DATABASE_OWNER_URL"}
START_TIMEOUT_SECONDS = 180  # what a start may take is asserted where it matters; the machine may be busy


class Up:
    """A running `manage.py up` and what it has printed."""

    def __init__(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.state = StateDir(STATE_DIR / name)
        self.state.root.mkdir(parents=True, exist_ok=True)
        self.environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        self.environment |= {"TALLY_STATE_DIR": str(self.state.root), **(environment or {})}
        self._output = self.state.root / "output"
        web, simulator = map(str, ports.any_free(count=2))
        self.command = [sys.executable, "manage.py", "up", "--port", web, "--simulator-port", simulator, *arguments]
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                self.command, cwd=BASE_DIR, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def wait_until_it_runs(self) -> RunningStack:
        self.wait_for(self.state.running)
        self.wait_for(lambda: "Ctrl-C stops everything" in self.output)
        running = self.state.running()
        assert running
        return running

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, check=False)

    def family(self) -> list[psutil.Process]:
        """Return every process that belongs to it, also those of which it is not the parent."""
        server = self.state.cluster.pid()
        return psutil.Process(self.process.pid).children(recursive=True) + ([psutil.Process(server)] if server else [])

    def child(self, word: str) -> psutil.Process:
        """Return the child whose command line has this word."""
        children = psutil.Process(self.process.pid).children()
        [child] = [process for process in children if word in process.cmdline()]
        return child


@contextmanager
def up(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Up]:
    service = Up(name, *arguments, environment=environment)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGINT)
        service.process.wait(timeout=60)


def gone(processes: list[psutil.Process], *, within_seconds: float = 20) -> bool:
    deadline = time.monotonic() + within_seconds
    while (left := [each for each in processes if _runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def allowed(*, seconds: float) -> float:
    """Return the time that something may take: more where other work has the processors."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def answers(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _database_name(service: Up) -> str:
    code = "from django.db import connection as c; print(c.cursor().execute('SELECT current_database()').fetchone()[0])"
    result = service.manage("shell", "-v0", "-c", code)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@PROCESSES.only
def test_from_an_empty_folder_to_a_running_service_and_back_to_nothing() -> None:
    shutil.rmtree(STATE_DIR / "up", ignore_errors=True)
    began = time.monotonic()
    with up("up") as service:
        running = service.wait_until_it_runs()
        assert time.monotonic() - began < allowed(seconds=30)
        sign_in = service.state.sign_in()
        family = service.family()

        # It says where it is and how to sign in ...
        assert sign_in
        for text in (f"Tally runs at {running.base_url}", "/admin/", sign_in.username, sign_in.password):
            assert text in service.output
        assert answers(running.base_url)
        # ... a second one says that one runs, and where ...
        second = service.manage("up")
        assert second.returncode == 1
        assert f"Tally runs already in this folder: {running.base_url}" in second.stderr
        # ... and other commands use its database.
        assert _database_name(service) == "tally"

        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(timeout=30) == 0

    assert "Everything is stopped." in service.output
    assert len(family) >= 6
    assert gone(family, within_seconds=1)
    assert not answers(running.base_url)
    assert service.state.running() is None


@PROCESSES.only
def test_the_next_start_is_quick_and_keeps_running_what_dies() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        sign_in = StateDir(STATE_DIR / "up").sign_in()
        began = time.monotonic()
        with up("up", "--port", str(taken)) as service:
            running = service.wait_until_it_runs()
            assert time.monotonic() - began < allowed(seconds=10)
            assert sign_in in {None, service.state.sign_in()}

            # A taken port is named and another is chosen.
            instead = running.base_url.removeprefix("http://127.0.0.1:")
            assert f"Port {taken} is taken: the shop listens on {instead} instead." in service.output
            assert instead != str(taken)

            # What dies is started again, and told.
            worker = service.child("worker")
            worker.kill()
            service.wait_for(lambda: "worker runs again" in service.output)
            assert "worker was killed by SIGKILL; starting it again in 1 s" in service.output
            assert service.child("worker").pid != worker.pid

            # A hang-up is the terminal's end: nothing may stay behind it either.
            family = service.family()
            service.process.send_signal(signal.SIGHUP)
            assert service.process.wait(timeout=30) == 0

    assert gone(family, within_seconds=1)


@PROCESSES.only
def test_a_killed_up_leaves_nothing_even_where_its_guard_was_killed_too() -> None:
    with up("up") as service:
        service.wait_until_it_runs()
        guarded = service.family()
        service.process.kill()
        service.process.wait()
    assert len(guarded) >= 6
    assert gone(guarded)

    with up("up") as service:
        service.wait_until_it_runs()
        orphans = service.family()
        service.child("config.services.leftovers").kill()
        service.process.kill()
        service.process.wait()
    assert not gone(orphans, within_seconds=0.5)

    with up("up") as service:
        service.wait_until_it_runs()
        assert re.search(r"Stopped \d+ processes that an earlier start had left behind", service.output)
        assert gone(orphans, within_seconds=1)

        # Whoever cannot wait for a process that does not end asks twice.
        family = service.family()
        service.child("worker").suspend()
        service.process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            service.process.wait(timeout=4)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=4) == 0

    assert gone(family, within_seconds=1)


@PROCESSES.only
def test_ctrl_c_while_starting_leaves_nothing() -> None:
    with up("up") as service:
        service.wait_for(lambda: "Migrating" in service.output or service.state.cluster.pid())
        family = service.family()
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(timeout=30) == 0

    assert family
    assert gone(family, within_seconds=1)


def test_production_does_not_start_this_way() -> None:
    environment = {**os.environ, "TALLY_ENVIRONMENT": "production"}

    result = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )

    assert result.returncode != 0
    assert "SECRET_KEY is missing" in result.stderr
