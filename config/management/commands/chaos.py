"""``manage.py chaos``: sell while processes, database, broker and network fail; heal; prove that nothing differs."""

import json
import logging
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from config.chaos import load as shopping
from config.chaos.havoc import Havoc
from config.chaos.load import Load
from config.chaos.proxy import FaultProxy
from config.environment import PRODUCTION
from config.services.leftovers import BASE_DIR, Record
from config.services.ports import any_free
from config.services.stack import Stack

# Unknown outcomes and dead leases are looked at soon, so that the end of the chaos is not mostly waiting.
IMPATIENT = {"ATTEMPT_CHECK_SECONDS": "2", "IDEMPOTENCY_LEASE_SECONDS": "3", "PSP_READ_TIMEOUT_SECONDS": "2"}


class Command(BaseCommand):
    """Break everything, and count."""

    help = (
        "Start a stack of its own, sell, and meanwhile kill web, worker, relay and beat, stop PostgreSQL, wipe Valkey"
        " and disturb the line to the PSP; then heal, drain, and compare all records. Exit code 1 on any difference."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how long, and the seed."""
        parser.add_argument("--seconds", type=float, default=60.0, help="of chaos (default 60)")
        parser.add_argument("--seed", type=int, help="of the blows and the buyers; drawn and printed where not given")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run, report, and fail on any difference."""
        if settings.ENVIRONMENT == PRODUCTION:
            raise CommandError("`chaos` breaks things: not where a production service runs.")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        seed = options["seed"] if options["seed"] is not None else random.randrange(10**6)  # noqa: S311 - no secret
        console = Console(stderr=options["json"])
        console.print(f"seed {seed}")
        report = _run(seconds=options["seconds"], seed=seed, root=Path(settings.STATE_DIR) / "chaos", console=console)
        if options["json"]:
            sys.stdout.write(json.dumps(report) + "\n")
        else:
            _print(report, console)
        if report["differences"]:
            sys.exit(1)


def _run(*, seconds: float, seed: int, root: Path, console: Console) -> dict[str, Any]:
    # The simulator forgets everything when it ends: what an earlier run sold would have no charge.
    Record(root / "processes.jsonl").stop_all()
    shutil.rmtree(root, ignore_errors=True)
    (port,) = any_free(count=1)
    proxied = {**IMPATIENT, "STRIPE_API_BASE": f"http://127.0.0.1:{port}"}
    with (
        Stack(state_dir=root, seed=seed, environment=proxied, tell=console.print) as stack,
        FaultProxy(port=port, target_port=stack.ports.simulator) as proxy,
    ):
        skus = _program(stack, "prepare")
        havoc, load = Havoc(stack=stack, proxy=proxy, seed=seed), Load()
        console.print(f"Breaking things for {seconds:.0f} s")
        lasted = _break_and_heal(seconds=seconds, stack=stack, havoc=havoc, load=load, skus=skus, seed=seed)
        console.print("Draining, and comparing all records")
        found = _program(stack, "settle", stack.simulator_url)
    return {
        "seed": seed,
        "seconds": round(lasted, 1),
        "blows": dict(havoc.done),
        "replies_hit": {str(fault): number for fault, number in proxy.hit.items()},
        "visits": dict(load.outcomes),
        "orders_per_second": round(load.outcomes["ordered"] / lasted, 2),
        "unavailable_seconds": round(load.unavailable_seconds, 1),
        **found,
        "differences": [*load.errors, *_said_and_found(load, found), *found["differences"]],
    }


def _break_and_heal(*, seconds: float, stack: Stack, havoc: Havoc, load: Load, skus: list[str], seed: int) -> float:
    """Strike while buyers buy, heal, let every buyer come to an end; return how many seconds that took."""
    enough = threading.Event()
    began = time.monotonic()
    buyers = shopping.start(
        load=load, base_url=stack.base_url, api_key=stack.api_key, skus=skus, seed=seed, until=enough
    )
    striking = threading.Thread(target=havoc.run, kwargs={"until": enough}, name="havoc")
    striking.start()
    time.sleep(seconds)
    enough.set()
    striking.join()
    havoc.heal()
    for buyer in buyers:
        buyer.join()
    return time.monotonic() - began


def _said_and_found(load: Load, found: dict[str, Any]) -> list[str]:
    """Compare what the buyers were told with what the shop has: nothing that was acknowledged may be lost."""
    told: dict[str, int] = {}
    for visit in load.visits:
        if visit.order_id is not None:
            told[visit.buyer.currency] = told.get(visit.buyer.currency, 0) + visit.total_minor
    return [
        f"buyers were told of {minor} {currency}, the orders come to {found['orders_minor'].get(currency, 0)}"
        for currency, minor in told.items()
        if found["orders_minor"].get(currency, 0) != minor
    ]


def _program(stack: Stack, *arguments: str) -> Any:
    environment = {
        **os.environ,
        **stack.environment(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "config.chaos.settle", *arguments]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def _print(report: dict[str, Any], console: Console) -> None:
    table = Table("what", "times", title=f"{report['seconds']} s of chaos, seed {report['seed']}", title_justify="left")
    for blow, times in sorted(report["blows"].items()):
        table.add_row(blow, str(times))
    table.add_section()
    for outcome, times in sorted(report["visits"].items()):
        table.add_row(f"visit: {outcome}", str(times))
    console.print(table)
    console.print(
        f"{report['orders_per_second']} orders/s, unavailable for {report['unavailable_seconds']} s,"
        f" {report['charges']} charges, {report['checks']} invariants, {len(report['replay'])} stages rebuilt."
    )
    for difference in report["differences"]:
        console.print(f"[red]{difference}[/]", markup=True, highlight=False, soft_wrap=True)
    if not report["differences"]:
        console.print("[green]0 differences.[/]")
