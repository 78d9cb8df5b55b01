"""``python -m payments.simulator``."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from config.services.leftovers import BASE_DIR
from tests.processes import free_port, running, simulator


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "payments.simulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=BASE_DIR, check=False, timeout=20)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = _run("--port", str(port), "--state", str(tmp_path / "s.sqlite"))
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


def test_a_fault_that_does_not_exist_is_named(tmp_path: Path) -> None:
    ended = _run("--port", str(free_port()), "--state", str(tmp_path / "s.sqlite"), "--fault", "drop_replies=1")
    assert ended.returncode == 2
    assert "there is no fault 'drop_replies'" in ended.stderr


def test_faults_may_be_given_at_the_start(tmp_path: Path) -> None:
    with running(simulator(tmp_path, arguments=["--fault", "rate_limit=1"])) as program:
        told = {"amount": "1", "currency": "eur"}
        answer = httpx.post(f"{program.url}/v1/payment_intents", data=told, headers={"Authorization": "Bearer sk_test"})
    assert answer.status_code == 429


def test_it_starts_at_once_and_ends_when_told(tmp_path: Path) -> None:
    program = simulator(tmp_path)
    began = time.monotonic()
    with running(program):
        started = time.monotonic()
        httpx.get(f"{program.url}/_simulator/health").raise_for_status()
    # A second on a quiet machine; this one may be busy with other tests
    assert started - began < 5
    assert "Traceback" not in program.log.read_text()
