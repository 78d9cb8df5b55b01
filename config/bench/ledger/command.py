"""``manage.py bench ledger``: how fast the ledger posts, beside others on the same server."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from config.bench.ledger.books import ACCOUNTS
from config.bench.ledger.cases import NAMES, chosen_cases
from config.bench.ledger.lab import Lab
from config.bench.ledger.report import WIDTH, as_data, table
from config.bench.ledger.rows import Effort, rows
from config.bench.server import own_server

HELP = "Post in every way that there is, in turns with pgbench's TPC-B-like work on the same server."

# At least as many branches as clients (see Lab).
TPCB_SCALE = 32
SIZED = 40_000
SMALL_ACCOUNTS = 100
SMALL_SIZED = 800


def add_arguments(parser: ArgumentParser) -> None:
    """Take how long, how often and what."""
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run (default 2; pgbench counts whole ones)")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--only", action="append", default=[], choices=NAMES, help="this row; may be given again")
    parser.add_argument("--clients", action="append", default=[], type=int, help="these many clients only")
    parser.add_argument("--full", action="store_true", help="also at 10 million existing entries: minutes to load")
    parser.add_argument("--small", action="store_true", help="small tables, to see that it works: its figures mislead")


def run(*, options: dict[str, Any], state_dir: Path) -> None:
    """Measure and report.

    :raises AnotherRuns: a benchmark runs in this state directory.
    """
    small = bool(options["small"])
    effort = Effort(seconds=options["seconds"], pairs=options["pairs"], sized=SMALL_SIZED if small else SIZED)
    # A program that reads the JSON gets nothing else on standard output.
    console = Console(stderr=options["json"])
    console.width = max(console.width, WIDTH)
    with console.status("Starting a server") as status, own_server(state_dir) as server:
        lab = (
            Lab(server, accounts=SMALL_ACCOUNTS, tpcb_scale=1)
            if small
            else Lab(server, accounts=ACCOUNTS, tpcb_scale=TPCB_SCALE)
        )
        chosen = chosen_cases(only=options["only"], full=options["full"], clients=options["clients"])
        measured = list(rows(lab=lab, effort=effort, chosen=chosen, tell=status.update))
        parameters = server.parameters()
    title = "Ledger: small tables, these figures mean nothing" if small else "Ledger"
    if options["json"]:
        report = {**asdict(effort), "small": small, "server": parameters, "rows": as_data(measured)}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        console.print(table(measured, title=title))
