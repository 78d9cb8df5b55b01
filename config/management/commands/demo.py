"""``manage.py demo``: sell under bad conditions, then prove the books. Exit code 1 on any difference."""

import json
import logging
import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from config.demo.report import print_report
from config.demo.run import Addresses, Outcome, run
from config.management.commands.verify import all_hold, print_checks, print_replay
from config.replay.stages import replay_all
from config.services.state import StateDir
from config.verification import all_checks


class Command(BaseCommand):
    """Sell, shuffle, count."""

    help = (
        "Sell to buyers whose cards are declined, whose replies get lost, who send everything three times and who "
        "crowd for the last unit; deliver every webhook twice and shuffled; then compare the shop's orders, the PSP's "
        "own record, the ledger and the stock. Uses the stack that runs in this folder, or starts one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=50, help="how many buyers come (default 50)")
        parser.add_argument("--seed", type=int, default=1, help="of the buyers and of the webhooks' order (default 1)")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")

    def handle(self, *_args: object, **options: object) -> None:
        """Run, report, verify."""
        # The buyers' every request would push the progress bar off the screen.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        orders, seed = int(str(options["orders"])), int(str(options["seed"]))
        if orders < 1:
            raise CommandError("--orders must be at least 1.")
        # A program that reads the JSON gets nothing else on standard output.
        console = Console(stderr=bool(options["json"]))
        outcome = _run(orders, seed, console)
        passed = _print_json(outcome) if options["json"] else _print(outcome, seed, console)
        if not passed:
            sys.exit(1)


def _run(orders: int, seed: int, console: Console) -> Outcome:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        buyers = progress.add_task("Buyers served", total=orders)
        settling = progress.add_task("Webhooks, twice and shuffled", total=None, visible=False)

        def tell(what: str, done: int) -> None:
            if what == "buyers":
                progress.advance(buyers, done)
            else:
                progress.update(settling, visible=True, completed=done, total=done)

        try:
            return run(orders=orders, seed=seed, at=_addresses(), progress=tell)
        except TimeoutError as error:
            raise CommandError(str(error)) from error


def _addresses() -> Addresses:
    state = StateDir(settings.STATE_DIR)
    running, sign_in = state.running(), state.sign_in()
    if running is None or sign_in is None:
        raise CommandError("No stack runs in this folder. Start the demo with `uv run manage.py demo`.")
    return Addresses(base_url=running.base_url, simulator_url=running.simulator_url, api_key=sign_in.api_key)


def _print(outcome: Outcome, seed: int, console: Console) -> bool:
    print_report(outcome, seed=seed, console=console)
    checks, replayed = print_checks(console), print_replay(console)
    return outcome.agrees and all_hold(checks, replayed)


def _print_json(outcome: Outcome) -> bool:
    checks, replayed = list(all_checks(now=datetime.now(UTC))), list(replay_all())
    passed = outcome.agrees and all_hold(checks, replayed)
    report = {
        "passed": passed,
        "seconds": round(outcome.seconds, 2),
        "visits": dict(Counter(f"{visit.buyer.story}: {visit.outcome}" for visit in outcome.visits)),
        "dispatched": asdict(outcome.dispatched),
        "webhooks_delivered": outcome.webhooks_delivered,
        "charges": outcome.charges,
        "unmatched": outcome.unmatched,
        "money": [asdict(row) | {"agrees": row.agrees} for row in outcome.money],
        "owed": [asdict(row) | {"agrees": row.agrees} for row in outcome.owed],
        "stock": [asdict(row) | {"agrees": row.agrees} for row in outcome.stock],
        "checks": [asdict(row) for row in checks],
        "replay": [asdict(row) for row in replayed],
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return passed
