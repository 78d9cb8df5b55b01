"""``manage.py bench checkout``: its arguments, and the report."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from config.bench.checkout.cases import (
    BUYERS,
    LEAST_WITH_A_PAST,
    MOST_COMMITS,
    MOST_STATEMENTS,
    TARGET,
    Cost,
    Effort,
    Past,
    Rate,
    cost,
    rate,
)
from config.bench.checkout.stand import stand
from config.bench.server import own_server

HELP = "Buy over HTTP from the whole service, with a PSP that answers at once, in turns with pgbench."

TPCB_SCALE = 32
WIDTH = 110
# Statements are counted for both sides alike.
COUNTING = {"shared_preload_libraries": "pg_stat_statements"}
_VERDICTS = {True: " [green]ok[/]", False: " [red]missed[/]"}


def add_arguments(parser: ArgumentParser) -> None:
    """Take how long, how often, and with how many web processes."""
    parser.add_argument("--seconds", type=float, default=8.0, help="of each run (default 8)")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument(
        "--web", type=int, action="append", default=[], help="web processes; may be given again (default 1 and 2)"
    )
    parser.add_argument(
        "--orders", type=int, default=0, help="measure once more with so many sold before (a million take ten minutes)"
    )


def run(*, options: dict[str, Any], state_dir: Path) -> None:
    """Measure and report.

    :raises AnotherRuns: a benchmark runs in this state directory.
    """
    effort = Effort(seconds=options["seconds"], pairs=options["pairs"])
    console = Console(stderr=options["json"])
    console.width = max(console.width, WIDTH)
    rates: list[Rate] = []
    costs: list[Cost] = []
    past: Past | None = None
    parameters: dict[str, str] = {}
    for web_workers in options["web"] or [1, 2]:
        with console.status("Starting") as status, own_server(state_dir, more=COUNTING) as server:
            root = state_dir / "bench" / "service"
            with stand(server=server, root=root, tpcb_scale=TPCB_SCALE, web_workers=web_workers) as there:
                rates.append(rate(stand=there, effort=effort, web_workers=web_workers, tell=status.update))
                costs.append(cost(stand=there, effort=effort, tell=status.update))
                if options["orders"] and past is None:
                    status.update(f"a past of {options['orders']:,} orders")
                    there.write_past(options["orders"])
                    full = rate(stand=there, effort=effort, web_workers=web_workers, tell=status.update)
                    past = Past(options["orders"], rates[-1], full)
            parameters = server.parameters()
    if options["json"]:
        report = {**asdict(effort), "server": parameters, "rates": _as_data(rates), "costs": _as_data(costs)}
        if past is not None:
            report["past"] = {**asdict(past), "share": past.share, "met": past.met}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        console.print(_rates(rates))
        console.print(_costs(costs))
        if past is not None:
            console.print(_past(past))


def _as_data(rows: list[Rate] | list[Cost]) -> list[dict[str, Any]]:
    return [asdict(row) | {"met": row.met} for row in rows]


def _rates(rates: list[Rate]) -> Table:
    drawn = Table(
        *("web processes", "checkouts /s", "p50 ms", "p99 ms", "TPC-B-like /s", "ratio (low..high)", "target"),
        title=f"Complete checkouts, {BUYERS} buyers at once",
        title_justify="left",
    )
    for row in rates:
        drawn.add_row(
            str(row.web_workers),
            f"{median(pair.ours for pair in row.pairs):,.0f}",
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            f"{median(pair.against for pair in row.pairs):,.0f}",
            f"{row.ratio.median:.4f} ({row.ratio.lowest:.4f}..{row.ratio.highest:.4f})",
            f">= {TARGET}{_VERDICTS[row.met]}",
        )
    return drawn


def _past(past: Past) -> Table:
    drawn = Table("sold before", "checkouts /s", "ratio", "of the empty shop's", title_justify="left")
    for orders, row in ((0, past.empty), (past.orders, past.full)):
        rate = f"{median(pair.ours for pair in row.pairs):,.0f}"
        share = f"{past.share:.2f}, >= {LEAST_WITH_A_PAST}{_VERDICTS[past.met]}" if orders else ""
        drawn.add_row(f"{orders:,}", rate, f"{row.ratio.median:.4f}", share)
    return drawn


def _costs(costs: list[Cost]) -> Table:
    drawn = Table("what a checkout costs", *(f"of {row.checkouts:,}" for row in costs), title_justify="left")
    drawn.add_row(f"SQL statements (target {MOST_STATEMENTS})", *(f"{row.statements:.1f}" for row in costs))
    drawn.add_row("asked by constraints at commits", *(f"{row.asked_by_guards:.1f}" for row in costs))
    drawn.add_row(f"commits that wrote (target {MOST_COMMITS})", *(f"{row.commits:.1f}" for row in costs))
    for part in sorted(costs[0].cpu_ms, key=lambda part: -costs[0].cpu_ms[part]):
        drawn.add_row(f"processor's time, ms: {part}", *(f"{row.cpu_ms.get(part, 0.0):.2f}" for row in costs))
    return drawn
