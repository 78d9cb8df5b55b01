"""``manage.py bench reconcile``: its arguments, and the report."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from config.bench.reconcile.match import Matched
from config.bench.server import own_server

HELP = "Match settlement lines of a generated truth, beside a COPY of the same lines into an indexed table."

DATABASE = "reconcile"
MOST_TIMES_A_COPY = 10.0
_VERDICTS = {True: "[green]ok[/]", False: "[red]missed[/]"}


def add_arguments(parser: ArgumentParser) -> None:
    """Take how many payments, and which."""
    parser.add_argument("--payments", type=int, default=1_000_000, help="each has a line or two (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same truth (default 1)")


def run(*, options: dict[str, Any], state_dir: Path) -> None:
    """Measure and report.

    :raises AnotherRuns: a benchmark runs in this state directory.
    """
    console = Console(stderr=options["json"])
    with console.status("Writing a truth, and matching"), own_server(state_dir) as server:
        server.create(DATABASE)
        printed = server.run_program(
            "config.bench.reconcile.match", options["payments"], options["seed"], database=DATABASE
        )
        parameters = server.parameters()
    told = json.loads(printed)
    matched = Matched(**told)
    if options["json"]:
        report = {**told, "ratio": matched.ratio, "seed": options["seed"], "server": parameters}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        console.print(_table(matched))


def _table(matched: Matched) -> Table:
    drawn = Table("what", "measured", "target", title="Settlement lines matched", title_justify="left")
    found = matched.anomalous_lines + matched.missing
    rows = [
        ("lines, of payments", f"{matched.lines:,} of {matched.payments:,}", ""),
        ("COPY into an indexed table", f"{matched.copy_seconds:.1f} s", ""),
        ("matched and booked", f"{matched.match_seconds:.1f} s", ""),
        ("as many times a COPY", f"{matched.ratio:.1f}", _at_most(matched.ratio, MOST_TIMES_A_COPY)),
        ("missing ones looked for", f"{matched.missing_seconds:.1f} s", ""),
        ("wrong matches", f"{matched.wrong:,}", _at_most(matched.wrong, 0)),
        ("anomalies", f"{found:,}", ""),
        ("of these not found, or called otherwise", f"{matched.misjudged + matched.missing_not_found:,}", ""),
    ]
    for row in rows[:-1]:
        drawn.add_row(*row)
    name, value, _ = rows[-1]
    drawn.add_row(name, value, _at_most(matched.misjudged + matched.missing_not_found, 0))
    for state, count in matched.states.items():
        drawn.add_row(f"ended as {state}", f"{count:,}", "")
    return drawn


def _at_most(value: float, target: float) -> str:
    return f"<= {target:g} {_VERDICTS[value <= target]}"
