"""``manage.py bench webhooks``: its arguments, and the report."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from config.bench.server import own_server
from config.bench.webhooks.cases import CONNECTIONS, NAMES, Effort, LatencyRow, RateRow, Row, rows
from config.bench.webhooks.stand import stand

HELP = "Send signed webhooks and events over HTTP to the running service, in turns with a view that keeps nothing."

TPCB_SCALE = 32
WIDTH = 130
_VERDICTS = {True: " [green]ok[/]", False: " [red]missed[/]", None: ""}


def add_arguments(parser: ArgumentParser) -> None:
    """Take how long, how often and what."""
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run (default 3)")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--only", action="append", default=[], choices=NAMES, help="this row; may be given again")


def run(*, options: dict[str, Any], state_dir: Path) -> None:
    """Measure and report.

    :raises AnotherRuns: a benchmark runs in this state directory.
    """
    effort = Effort(seconds=options["seconds"], pairs=options["pairs"])
    console = Console(stderr=options["json"])
    console.width = max(console.width, WIDTH)
    with console.status("Starting") as status, own_server(state_dir) as server:
        root = state_dir / "bench" / "service"
        with stand(server=server, root=root, tpcb_scale=TPCB_SCALE) as there:
            measured = list(rows(stand=there, effort=effort, only=options["only"], tell=status.update))
        parameters = server.parameters()
    if options["json"]:
        report = {**asdict(effort), "connections": CONNECTIONS, "server": parameters, "rows": _as_data(measured)}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        console.print(_table(measured))


def _as_data(measured: list[Row]) -> list[dict[str, Any]]:
    return [asdict(row) | {"met": row.met} for row in measured]


def _table(measured: list[Row]) -> Table:
    drawn = Table(
        *("what", "ours /s", "p99 ms", "beside", "its /s", "p99 ms", "ratio (low..high)", "target"),
        title=f"Events over HTTP, {CONNECTIONS} connections",
        title_justify="left",
    )
    for column in drawn.columns:
        column.no_wrap = True
    for row in measured:
        drawn.add_row(*_cells(row))
    return drawn


def _cells(row: Row) -> tuple[str, ...]:
    match row:
        case RateRow():
            return (
                row.title,
                f"{median(pair.ours for pair in row.pairs):,.0f}",
                f"{row.p99_ms:.1f}",
                row.against,
                f"{median(pair.against for pair in row.pairs):,.0f}",
                "" if row.against_p99_ms is None else f"{row.against_p99_ms:.1f}",
                f"{row.ratio.median:.2f} ({row.ratio.lowest:.2f}..{row.ratio.highest:.2f})",
                "" if row.target is None else f">= {row.target}{_VERDICTS[row.met]}",
            )
        case LatencyRow():
            verdict = f"<= {row.target}{_VERDICTS[row.met]}"
            ratio, beside = f"{row.ratio:.2f}", f"{row.against_p99_ms:.1f}"
            return (row.title, "", f"{row.p99_ms:.1f}", "plain view", "", beside, ratio, verdict)
