"""The benchmark's table, and the same as data."""

from collections.abc import Iterable
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.table import Table

from config.bench.ledger.rows import RatioRow, Row, SizeRow, SkippedRow

WIDTH = 120  # of the table, where the terminal is no wider or there is none

_VERDICTS = {True: " [green]ok[/]", False: " [red]missed[/]", None: ""}


def table(rows: Iterable[Row], *, title: str) -> Table:
    """Return all rows, and in those that miss their target what their time went to."""
    drawn = Table("what", "clients", "ours /s", "beside", "its /s", "ratio (low..high)", "target", title=title)
    for column in drawn.columns:
        column.no_wrap = True
    drawn.title_justify = "left"
    for row in rows:
        drawn.add_row(*_cells(row))
    return drawn


def as_data(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return everything that was measured, ready for JSON."""
    return [asdict(row) if isinstance(row, SkippedRow) else asdict(row) | {"met": row.met} for row in rows]


def _cells(row: Row) -> tuple[str, ...]:
    match row:
        case RatioRow():
            ratio = row.ratio
            return (
                "\n".join([row.title, *_waits(row)]),
                str(row.clients),
                f"{median(pair.ours for pair in row.pairs):,.0f}",
                row.against,
                f"{median(pair.against for pair in row.pairs):,.0f}",
                f"{ratio.median:.2f} ({ratio.lowest:.2f}..{ratio.highest:.2f})",
                "" if row.target is None else f">= {row.target}{_VERDICTS[row.met]}",
            )
        case SizeRow():
            limit = f"<= {row.target}{_VERDICTS[row.met]}"
            return (row.title, "", "", "", "", f"{row.bytes_each:.0f} bytes", limit)
        case SkippedRow():
            return (row.title, "", "", row.reason)


def _waits(row: RatioRow) -> list[str]:
    return [f"[dim]  {wait.share:4.0%} {wait.event}[/]" for wait in row.waits]
