"""``manage.py bench stock``: units of one thing that everybody wants, and of many, beside TPC-B-like."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from config.bench.pairs import Pair, ratio_of, run_pairs
from config.bench.server import own_server
from config.bench.stock.shelves import KINDS, Shelves, prepare

HELP = "Sell units of one SKU, and of many, in turns with pgbench's TPC-B-like work on the same server."

# At least as many branches as clients: each of its transactions updates one.
TPCB_SCALE = 32
WIDTH = 110
# More than are sold in all runs.
SESSIONS_A_SECOND = 12_000
WARM_UP_SECONDS = 1.0

TITLES = {1: "one SKU", KINDS: f"one of {KINDS} SKUs"}


@dataclass(frozen=True, slots=True)
class Row:
    """Units sold a second, beside TPC-B-like, by so many clients."""

    kinds: int
    clients: int
    pairs: list[Pair]


def add_arguments(parser: ArgumentParser) -> None:
    """Take how long, how often, and with how many clients."""
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run (default 3)")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--clients", action="append", default=[], type=int, help="may be given again (default 8, 32)")


def run(*, options: dict[str, Any], state_dir: Path) -> None:
    """Measure and report.

    :raises AnotherRuns: a benchmark runs in this state directory.
    """
    seconds, pairs = float(options["seconds"]), int(options["pairs"])
    clients = options["clients"] or [8, 32]
    console = Console(stderr=options["json"])
    console.width = max(console.width, WIDTH)
    rows = []
    with console.status("Starting a server") as status, own_server(state_dir) as server:
        runs = len(TITLES) * len(clients) * (seconds * pairs + WARM_UP_SECONDS)
        shelves = prepare(server=server, sessions=round(runs * SESSIONS_A_SECOND), tpcb_scale=TPCB_SCALE)
        for kinds, title in TITLES.items():
            for number in clients:
                status.update(f"{title}, {number} clients")
                rows.append(Row(kinds, number, _measure(shelves, kinds, number, seconds=seconds, pairs=pairs)))
        if not shelves.is_right():
            raise AssertionError("units that were sold and those that are reserved differ")
        parameters = server.parameters()
    if options["json"]:
        said = [asdict(row) | {"ratio": asdict(ratio_of(row.pairs))} for row in rows]
        sys.stdout.write(json.dumps({"seconds": seconds, "server": parameters, "rows": said}) + "\n")
    else:
        console.print(_table(rows))


def _measure(shelves: Shelves, kinds: int, clients: int, *, seconds: float, pairs: int) -> list[Pair]:
    ours = partial(_sell, shelves, kinds, clients)
    ours(WARM_UP_SECONDS)
    shelves.settle()
    return run_pairs(ours=ours, against=partial(_tpcb, shelves, clients), pairs=pairs, seconds=seconds)


def _sell(shelves: Shelves, kinds: int, clients: int, seconds: float) -> float:
    return shelves.buys(kinds=kinds, clients=clients, seconds=seconds)


def _tpcb(shelves: Shelves, clients: int, seconds: float) -> float:
    return shelves.tpcb(clients=clients, seconds=seconds)


def _table(rows: list[Row]) -> Table:
    drawn = Table(
        *("units of", "clients", "sold /s", "TPC-B-like /s", "ratio (low..high)"),
        title="Stock: held in one transaction, given to the order in another",
        title_justify="left",
    )
    for row in rows:
        ratio = ratio_of(row.pairs)
        drawn.add_row(
            TITLES[row.kinds],
            str(row.clients),
            f"{median(pair.ours for pair in row.pairs):,.0f}",
            f"{median(pair.against for pair in row.pairs):,.0f}",
            f"{ratio.median:.2f} ({ratio.lowest:.2f}..{ratio.highest:.2f})",
        )
    return drawn
