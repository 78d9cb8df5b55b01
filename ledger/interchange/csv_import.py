"""Reads rows of entries into records: rows that follow each other under one reference are one transaction."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ledger.drafts import MAX_ENTRIES
from ledger.interchange.csv_format import COLUMNS, plain
from ledger.interchange.records import FieldRefused, Record, RefusedLine, TransactionRecord, transaction_draft

_REQUIRED = ("reference", "kind", "effective_at", "account", "currency", "direction", "amount_minor")
_OF_THE_TRANSACTION = ("kind", "effective_at", "description", "metadata", "target", "action", "final")
_FINAL = {"yes": True, "no": False}
_OF_THE_ENTRY = ("account", "currency", "direction", "status")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_ENTRY_POINTER = re.compile(r"/entries/(?P<position>[0-9]+)/(?P<column>\w+)")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with its lines; ``cells`` is None where it has too few or too many."""

    line: int
    last_line: int
    cells: dict[str, str] | None
    problem: str = ""

    def __getitem__(self, column: str) -> str:
        return (self.cells or {}).get(column, "")


@dataclass(slots=True)
class _Group:
    """The rows of one transaction, and the first of them that is malformed."""

    rows: list[_Row] = field(default_factory=list)
    malformed: _Row | None = None
    last_line: int = 0


def read_csv(lines: Iterator[tuple[int, bytes]], *, after_line: int) -> Iterator[Record]:
    """Yield a record per transaction of the rows after line ``after_line``; the first row names the columns."""
    rows = _rows(lines, after_line)
    head = next(rows, None)
    refused = _refused_head(head) if head else RefusedLine(1, 1, "", "malformed_line", "The file is empty.")
    if refused:
        yield refused
        return
    for group in _groups(rows):
        yield _transaction(group)


def _refused_head(head: _Row) -> RefusedLine | None:
    names = list(head.cells or [])
    for name in _REQUIRED:
        if name not in names:
            return RefusedLine(1, 1, name, "required", "The first row lacks this column.")
    for name in names:
        if name not in COLUMNS:
            return RefusedLine(1, 1, name, "unknown_field", "No such column is known here.")
    return None


def _rows(lines: Iterator[tuple[int, bytes]], after_line: int) -> Iterator[_Row]:
    number = 0

    def texts() -> Iterator[str]:
        nonlocal number
        for count, line in lines:
            if 1 < count <= after_line:
                continue
            number = count
            # What is no UTF-8 becomes half a character, which the rules of each field refuse.
            yield line.decode("utf-8-sig" if count == 1 else "utf-8", errors="surrogateescape")

    reader = csv.reader(texts(), strict=True)
    columns: list[str] | None = None
    while True:
        before = max(number, after_line) if columns else 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(before + 1, number, None, f"The row is no CSV: {error}.")
            continue
        if columns is None:
            columns = cells
            yield _Row(1, number, dict.fromkeys(cells, ""))
        elif len(cells) != len(columns):
            yield _Row(before + 1, number, None, f"The row has {len(cells)} cells, the first {len(columns)}.")
        else:
            yield _Row(before + 1, number, dict(zip(columns, map(plain, cells), strict=True)))


def _groups(rows: Iterator[_Row]) -> Iterator[_Group]:
    """Yield rows that follow each other under one reference.

    Nobody knows which transaction a malformed row belongs to: the rows before and after it are of its group, or half a
    transaction could be posted.
    """
    group, reference = _Group(), None
    for row in rows:
        if row.cells is None:
            group.malformed = group.malformed or row
            reference = None
        elif reference is not None and row["reference"] != reference:
            yield group
            group, reference = _Group(), row["reference"]
        else:
            reference = row["reference"]
        group.last_line = row.last_line
        if len(group.rows) <= MAX_ENTRIES:  # one more than can be posted is enough to refuse it
            group.rows.append(row)
    if group.rows:
        yield group


def _transaction(group: _Group) -> Record:
    rows, last_line = group.rows, group.last_line
    if group.malformed:
        return RefusedLine(last_line, group.malformed.line, "", "malformed_line", group.malformed.problem)
    try:
        _require_whole(rows)
        draft = transaction_draft(_raw(rows))
    except FieldRefused as refused:
        line, column = _place(rows, refused.error.pointer)
        return RefusedLine(last_line, line, column, refused.error.code, refused.error.detail)
    return TransactionRecord(last_line, rows[0].line, draft, tuple(row.line for row in rows))


def _require_whole(rows: list[_Row]) -> None:
    for position, row in enumerate(rows):
        for column in _OF_THE_TRANSACTION:
            if row[column] != rows[0][column]:
                raise FieldRefused(
                    f"/entries/{position}/{column}", "entries_differ", "The rows of one transaction disagree."
                )
        if row["entries"] and (row["entries"], row["entry"]) != (str(len(rows)), str(position + 1)):
            raise FieldRefused(
                f"/entries/{position}/entries", "entries_incomplete", "A row of the transaction is missing or moved."
            )


def _raw(rows: list[_Row]) -> dict[str, Any]:
    first = rows[0]
    try:
        metadata = json.loads(first["metadata"] or "{}")
    except (ValueError, RecursionError):
        raise FieldRefused("/metadata", "invalid", "Metadata is a JSON object of texts.") from None
    return {
        "reference": first["reference"],
        "kind": first["kind"],
        "effective_at": first["effective_at"],
        "description": first["description"],
        "metadata": metadata,
        "resolves": _resolves(first),
        "entries": [_entry(row, position) for position, row in enumerate(rows)],
    }


def _resolves(row: _Row) -> dict[str, Any] | None:
    if not row["action"]:
        return None
    return {"target": row["target"], "action": row["action"], "final": _FINAL.get(row["final"])}


def _entry(row: _Row, position: int) -> dict[str, Any]:
    if not _INTEGER.fullmatch(row["amount_minor"]):
        raise FieldRefused(
            f"/entries/{position}/amount_minor", "not_an_integer", "An amount is an integer number of minor units."
        )
    entry: dict[str, Any] = {column: row[column] for column in _OF_THE_ENTRY}
    return entry | {"amount_minor": int(row["amount_minor"]), "status": row["status"] or "posted"}


def _place(rows: list[_Row], pointer: str) -> tuple[int, str]:
    """Return the line and the column that a pointer into the transaction leads to."""
    found = _ENTRY_POINTER.fullmatch(pointer)
    if found:
        return rows[int(found["position"])].line, found["column"]
    return rows[0].line, pointer.rpartition("/")[2] if pointer.startswith("/resolves") else pointer.removeprefix("/")
