"""Programs that tests start beside themselves: a port each, waited for, and ended with the test."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from config.services.leftovers import BASE_DIR
from config.services.ports import any_free

START_SECONDS = 20.0

# What the simulated PSPs sign their webhooks with.
SECRETS = {"stripe": "whsec_test", "adyen": "5a" * 32, "checkoutcom": "signing-test"}


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    (port,) = any_free(count=1)
    return port


@dataclass
class Program:
    """A Python program that answers HTTP on ``port``."""

    command: list[str]
    port: int
    log: Path
    health: str = "/"
    _running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, *self.command], stdout=log, stderr=log, cwd=BASE_DIR, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx.get(self.url + self.health, timeout=1)
            except httpx.TransportError:
                assert self._running.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, f"no answer after {START_SECONDS:.0f} s: {self.log.read_text()}"
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it in good order."""
        if self._running is not None:
            self._running.terminate()
            self._running.wait(timeout=10)

    def kill9(self) -> None:
        """End it as a crash would."""
        assert self._running is not None
        self._running.kill()
        self._running.wait(timeout=10)


@contextmanager
def running(program: Program) -> Iterator[Program]:
    """Start a program, and stop it however the test ends."""
    try:
        program.start()
        yield program
    finally:
        program.stop()


def simulator(
    directory: Path,
    *,
    webhook_base: str = "",
    webhook_secrets: Mapping[str, str] = SECRETS,
    arguments: Sequence[str] = (),
) -> Program:
    """Return the PSP simulator, not started, with its record in ``directory``."""
    port = free_port()
    command = ["-m", "payments.simulator", "--port", str(port), "--state", str(directory / "simulator.sqlite")]
    command += ["--webhook-base", webhook_base]
    for psp, secret in webhook_secrets.items():
        command += ["--webhook-secret", f"{psp}={secret}"]
    return Program([*command, *arguments], port, directory / "simulator.log", health="/_simulator/health")


def localstripe(directory: Path) -> Program:
    """Return localstripe, not started, listening on this machine only."""
    port = free_port()
    return Program(["-m", "tests.psp_contract.stripe.localstripe", str(port)], port, directory / "localstripe.log")
