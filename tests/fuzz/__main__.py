"""Have schemathesis attack a whole running service by its own description of its API: ``make attack-api``.

Examples, edges, random data and sequences along the links; then the books have to be whole. Exit code 1 on anything
else. The seed is printed; ``TALLY_ATTACK_SEED`` runs it again.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from config.services.leftovers import BASE_DIR, Record
from config.services.stack import Stack
from tests.exactly_once.receiver import receiving
from tests.fuzz.furnish import furnish, program
from tests.fuzz.report import Report, links_of, operations_of

ROOT = BASE_DIR / ".tally" / "attack-api"
CLIENTS = ROOT / "clients.json"
CONFIG = Path(__file__).with_name("schemathesis.toml")
DESCRIPTION = "/api/schema/"
ENVIRONMENT = {
    # An unknown outcome is looked at soon; a PSP that does not answer is not waited for.
    "ATTEMPT_CHECK_SECONDS": "3",
    "PSP_READ_TIMEOUT_SECONDS": "2",
    # One client makes all requests, and the merchant is on this machine.
    "API_REQUESTS_PER_MINUTE": "0",
    "WEBHOOKS_ALLOW_PRIVATE": "yes",
    "LOG_LEVEL": "WARNING",
}
# What even a short attack comes to: fewer, and the links do not carry it.
LEAST_LINKS = 30


@dataclass(frozen=True, slots=True)
class Attack:
    """Phases of schemathesis, and how many requests to each operation, or sequences, they try."""

    name: str
    phases: str
    examples: int


def main() -> None:
    """Attack once for each seed; fail where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=300, help="random requests to each operation (default 300)")
    parser.add_argument("--sequences", type=int, default=1500, help="sequences along the links (default 1500)")
    parser.add_argument("--seeds", type=int, default=1, help="how many attacks, one after the other (default 1)")
    parser.add_argument("--all", action="store_true", help="fail where an operation never worked, or a link was missed")
    options = parser.parse_args()
    first = int(os.environ.get("TALLY_ATTACK_SEED") or random.SystemRandom().randrange(2**31))
    attacks = [
        Attack("requests", "examples,coverage,fuzzing", options.examples),
        Attack("sequences", "stateful", options.sequences),
    ]
    found = [
        line for seed in range(first, first + options.seeds) for line in _campaign(seed, attacks, thorough=options.all)
    ]
    sys.exit(1 if found else 0)


def _campaign(seed: int, attacks: list[Attack], *, thorough: bool) -> list[str]:
    """Start a service, attack it, look at its books; report and return what was found."""
    _tell(f"TALLY_ATTACK_SEED={seed}")
    started = time.monotonic()
    Record(ROOT / "processes.jsonl").stop_all()
    shutil.rmtree(ROOT, ignore_errors=True)
    report, found = Report(), []
    with receiving() as merchant, Stack(state_dir=ROOT, seed=seed, environment=ENVIRONMENT) as stack:
        clients = {"shop": stack.api_key, "stranger": furnish(stack, merchant_url=merchant.url)}
        CLIENTS.write_text(json.dumps({"auth": [_client(*client) for client in clients.items()]}))
        answer = httpx.get(stack.base_url + DESCRIPTION, headers={"Accept": "application/json"}, timeout=60)
        schema = answer.raise_for_status().json()
        for attack in attacks:
            _tell(f"{attack.name}: {attack.phases}")
            found += [f"{attack.name}: {row}" for row in _attack(stack, attack, seed)]
            report.read(ROOT / f"{attack.name}.ndjson")
        found += _broken_books(stack)
    found += _missed(report, schema) if thorough else _stuck(report)
    for line in found:
        _tell(line)
    _tell(
        f"seed {seed}: {len(operations_of(schema))} operations, {report.cases} requests,"
        f" {sum(report.links.values())} steps along {len(report.links)} of {len(links_of(schema))} links,"
        f" {len(found)} findings, {time.monotonic() - started:.0f} s"
    )
    return found


def _attack(stack: Stack, attack: Attack, seed: int) -> list[str]:
    """Run schemathesis; return what it found, one line for each kind of failure."""
    events, told = ROOT / f"{attack.name}.ndjson", ROOT / f"{attack.name}.json"
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"]
    command += [stack.base_url + DESCRIPTION, "--auth-wfc", str(CLIENTS), "--auth-wfc-user", "shop"]
    command += ["--phases", attack.phases, "--max-examples", str(attack.examples), "--seed", str(seed)]
    command += ["--no-color", "--report", "ndjson,json"]
    command += ["--report-ndjson-path", str(events), "--report-json-path", str(told)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(BASE_DIR),
        "TALLY_ATTACK_SEED": str(seed),
        "STRIPE_WEBHOOK_SECRET": stack.environment()["STRIPE_WEBHOOK_SECRET"],
    }
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    (ROOT / f"{attack.name}.txt").write_text(done.stdout)
    if done.returncode == 0:
        return []
    _tell(done.stdout + done.stderr)
    failures = json.loads(told.read_text())["failures"] if told.exists() else []
    return [f"{row['title']}: {', '.join(row['operations'])}" for row in failures] or [f"exit code {done.returncode}"]


def _client(name: str, key: str) -> dict[str, Any]:
    return {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {key}"}]}


def _broken_books(stack: Stack) -> Iterator[str]:
    """Yield what ``manage.py verify`` finds, replay included."""
    found = json.loads(program(stack, "manage.py", "verify", "--replay", "--json"))
    yield from (f"verify: {row['name']}: {row['detail']}" for row in found["checks"] if not row["passed"])
    yield from (f"replay: {row['name']}: {row['differences']}" for row in found["replay"] if row["differences"])


def _missed(report: Report, schema: dict[str, Any]) -> Iterator[str]:
    """Yield what the attack did not come to: operations that never worked, links that were never followed."""
    for label in sorted(operations_of(schema)):
        answers: dict[int, int] = report.answers.get(label, Counter())
        if not any(200 <= status < 300 for status in answers):
            yield f"never worked: {label}: {dict(answers)}"
    yield from (f"never followed: {link}" for link in sorted(links_of(schema) - report.links.keys()))


def _stuck(report: Report) -> Iterator[str]:
    if len(report.links) < LEAST_LINKS:
        yield f"only {len(report.links)} links were followed"


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
