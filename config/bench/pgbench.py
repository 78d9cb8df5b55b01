"""Runs of pgbench, PostgreSQL's own load generator: its TPC-B-like work, and scripts of ours.

Both sides go through the same program with the same options, so that what differs is the work alone.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.services.postgres import PROGRAMS

PROGRAM = PROGRAMS / "bin" / "pgbench"
# Beyond one thread per core pgbench would wait for itself.
MAX_THREADS = os.cpu_count() or 1
# A run ends by itself; this is for one that does not.
GRACE_SECONDS = 120

RATE = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)
DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


class PgbenchFailedError(Exception):
    """It ended with an error, or some of its transactions failed."""


@dataclass(frozen=True, slots=True)
class Script:
    """A custom script of pgbench; ``variables`` are set before its first transaction."""

    text: str
    variables: Mapping[str, int] = field(default_factory=dict)


def initialise(*, url: str, scale: int) -> None:
    """Make the tables of the TPC-B-like work: ``scale`` branches, 100,000 accounts each."""
    _run(["--initialize", "--init-steps=dtGvp", f"--scale={scale}", "--quiet"], url=url, timeout_seconds=600)


def tpcb_rate(*, url: str, clients: int, seconds: float) -> float:
    """Return the transactions a second of the built-in TPC-B-like script."""
    return _rate(["--builtin=tpcb-like", *_for(seconds)], url=url, clients=clients, seconds=seconds)


def script_rate(*, url: str, script: Script, clients: int, seconds: float) -> float:
    """Return the runs a second of our script."""
    return _with_script(script, _for(seconds), url=url, clients=clients, seconds=seconds)


def run_script(*, url: str, script: Script, clients: int, each: int) -> float:
    """Run the script ``each`` times in every client, and return the runs a second."""
    return _with_script(script, [f"--transactions={each}"], url=url, clients=clients, seconds=600)


def _for(seconds: float) -> list[str]:
    # pgbench counts whole seconds.
    return [f"--time={max(1, round(seconds))}"]


def _with_script(script: Script, options: list[str], *, url: str, clients: int, seconds: float) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".pgbench") as file:
        file.write(script.text)
        file.flush()
        variables = [f"--define={name}={value}" for name, value in script.variables.items()]
        return _rate([f"--file={file.name}", *variables, *options], url=url, clients=clients, seconds=seconds)


def _rate(options: list[str], *, url: str, clients: int, seconds: float) -> float:
    load = ["--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--jobs={min(clients, MAX_THREADS)}"]
    said = _run([*load, *options], url=url, timeout_seconds=seconds + GRACE_SECONDS)
    rate, done, failed = RATE.search(said), DONE.search(said), FAILED.search(said)
    if not (rate and done and failed and int(done[1]) > 0 and int(failed[1]) == 0):
        raise PgbenchFailedError(said)
    return float(rate[1])


def _run(options: list[str], *, url: str, timeout_seconds: float) -> str:
    """Return what pgbench printed.

    :raises PgbenchFailedError: it ended with an error; with what it said.
    """
    result = subprocess.run(
        [PROGRAM, *options, url], capture_output=True, text=True, timeout=timeout_seconds, check=False
    )
    if result.returncode:
        raise PgbenchFailedError(f"pgbench ended with {result.returncode}: {result.stderr.strip()[-2000:]}")
    return result.stdout
