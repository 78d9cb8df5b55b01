"""CSV: one row per entry, with its transaction's columns repeated. For spreadsheets, and back.

A spreadsheet takes a cell that starts with ``=`` for a formula, and such a cell can call programs and leak data. So a
text that starts like one gets an apostrophe in front, and so does a text that starts with an apostrophe; `plain` takes
it away again. Reading files back into drafts is csv_import.py's business.
"""

import csv
import io
import json
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from ledger.interchange.formats import Extent, ResumePoint, decimal_text, moment, not_an_export
from ledger.interchange.rows import TransactionRow

COLUMNS = (
    "book",
    "transaction_id",
    "reference",
    "kind",
    "effective_at",
    "recorded_at",
    "description",
    "metadata",
    "target",
    "action",
    "final",
    "dated_at",
    "expires_at",
    "entry",
    "entries",
    "account",
    "currency",
    "direction",
    "amount_minor",
    "amount",
    "status",
    "exported_through",
)
# What starts a formula in some spreadsheet: ASCII, white space that is dropped before looking, full-width forms.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠|%")  # noqa: RUF001 - the full-width forms are meant


def guarded(text: str) -> str:
    """Return a text that no spreadsheet runs."""
    return f"'{text}" if text and (text[0] in FORMULA_STARTS or text[0] == "'") else text


def plain(cell: str) -> str:
    """Return the text that `guarded` made this cell of; a cell written by hand stays as it is."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and (cell[1] in FORMULA_STARTS or cell[1] == "'") else cell


class CommaSeparated:
    """Entries as rows. Accounts are not part of it: the book that it is imported into has them."""

    sums_up: ClassVar[bool] = False

    def __init__(self, extent: Extent) -> None:
        self._extent = extent

    def head(self) -> str:
        """Return the row of column names."""
        return _rows([list(COLUMNS)])

    def transaction(self, row: TransactionRow) -> str:
        """Return the transaction's rows."""
        shared = [
            guarded(self._extent.book),
            row.id,
            guarded(row.reference),
            guarded(row.kind),
            moment(row.effective_at),
            moment(row.recorded_at),
            guarded(row.description),
            json.dumps(dict(row.metadata), separators=(",", ":")),
            *_resolves(row),
            row.dated_at and moment(row.dated_at),
            row.expires_at and moment(row.expires_at),
        ]
        return _rows(
            [
                [
                    *shared,
                    position,
                    len(row.entries),
                    guarded(entry.account),
                    entry.currency,
                    entry.direction,
                    entry.amount_minor,
                    decimal_text(entry.amount_minor, entry.currency),
                    entry.status,
                    self._extent.through,
                ]
                for position, entry in enumerate(row.entries, start=1)
            ]
        )

    def tail(self) -> str:
        """Return nothing: every row says which transaction is the last."""
        return ""

    @staticmethod
    def resume_point(file: BinaryIO) -> ResumePoint | None:
        """Return the end of the last transaction that has all its rows."""
        read_bytes = 0

        def lines() -> Iterator[str]:
            nonlocal read_bytes
            for line in file:
                if not line.endswith(b"\n"):
                    return  # cut within a line, or within a character
                read_bytes += len(line)
                yield line.decode()

        rows = csv.reader(lines())
        head = _rows([list(COLUMNS)]).encode()
        first = next(rows, None)
        if first != list(COLUMNS):
            file.seek(0)
            if not head.startswith(file.read(len(head))):
                raise not_an_export("CSV")
            return None
        found = None
        for cells in rows:
            if len(cells) != len(COLUMNS):
                break  # cut within a quoted line break
            row = dict(zip(COLUMNS, cells, strict=True))
            if row["entry"] == row["entries"]:
                found = ResumePoint(
                    plain(row["book"]), int(row["exported_through"]), int(row["transaction_id"]), read_bytes
                )
        return found


def _resolves(row: TransactionRow) -> tuple[str, str, str]:
    if row.resolves is None:
        return ("", "", "")
    return guarded(row.resolves.target), row.resolves.action, "yes" if row.resolves.final else "no"


def _rows(rows: list[list[object]]) -> str:
    text = io.StringIO()
    # Texts in quotes, numbers without: a text that holds another country's separator stays one cell.
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(rows)
    return text.getvalue()
