"""``manage.py bench admin``: its arguments, and the report."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from config.bench.server import own_server

HELP = "Ask for the admin's start page, for stories of payments and for every list, where there are many."

DATABASE = "admin"
TARGET_MS = 300
ASKED = ("opened", "filtered", "of a day", "searched")


def add_arguments(parser: ArgumentParser) -> None:
    """Take how many payments."""
    parser.add_argument("--payments", type=int, default=1_000_000, help="each of a sale (default 1,000,000)")


def run(*, options: dict[str, Any], state_dir: Path) -> None:
    """Measure and report.

    :raises AnotherRuns: a benchmark runs in this state directory.
    """
    console = Console(stderr=options["json"])
    with console.status("Writing payments, and asking for pages"), own_server(state_dir) as server:
        server.create(DATABASE)
        printed = server.run_program("config.bench.admin.measure", options["payments"], database=DATABASE)
    told = json.loads(printed)
    if options["json"]:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        console.print(_pages(told))
        console.print(_lists(told))


def _pages(told: dict[str, Any]) -> Table:
    title = f"Pages of the admin, {told['payments']:,} payments"
    drawn = Table("page", "median", "longest", "target", title=title, title_justify="left")
    for name, (median, longest) in told["pages"].items():
        verdict = "[green]ok[/]" if median < TARGET_MS else "[red]missed[/]"
        drawn.add_row(name, f"{median:,.0f} ms", f"{longest:,.0f} ms", f"< {TARGET_MS} ms {verdict}")
    return drawn


def _lists(told: dict[str, Any]) -> Table:
    """Return a row for each list, the longest first: medians, and red what is beyond the target."""
    drawn = Table("list", "rows", *ASKED, title="Lists, ms: the slowest filter, day and search", title_justify="left")
    for name, (rows, took) in sorted(told["lists"].items(), key=lambda each: -each[1][0]):
        drawn.add_row(name, f"{rows:,}", *(_cell(took.get(asked)) for asked in ASKED))
    return drawn


def _cell(took: tuple[float, float] | None) -> str:
    if took is None:
        return ""
    return f"{took[0]:,.0f}" if took[0] < TARGET_MS else f"[red]{took[0]:,.0f} missed[/]"
