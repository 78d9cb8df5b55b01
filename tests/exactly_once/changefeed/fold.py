"""What a reader of a sink's changes has in the end, and what the source has: to be compared."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

type Rows = dict[tuple[str | None, ...], dict[str, str | None]]


def fold(lines: Iterable[str]) -> dict[str, Rows]:
    """Apply JSON changes as docs/change-feed.md says; refuse what could only be a gap or a repetition."""
    tables: dict[str, Rows] = {}
    columns: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, lines):
        if line["kind"] == "position":
            continue
        table = line["table"]
        if line["kind"] == "schema":
            tables[table] = _reshape(tables.get(table, {}), columns.get(table, []), line["columns"])
            columns[table] = line["columns"]
            continue
        rows, key = tables[table], [column["name"] for column in columns[table] if column.get("key")]
        match line["kind"]:
            case "insert":
                new = tuple(line["row"][name] for name in key)
                assert new not in rows, f"inserted twice: {line}"
                rows[new] = line["row"]
            case "update":
                old = rows.pop(tuple(line["key"][name] for name in key))
                row = old | line["row"]
                rows[tuple(row[name] for name in key)] = row
            case "delete":
                del rows[tuple(line["key"][name] for name in key)]
            case "truncate":
                rows.clear()
    return tables


def _reshape(rows: Rows, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Rows:
    before = {column["number"]: column["name"] for column in old}

    def value(row: dict[str, str | None], column: dict[str, Any]) -> str | None:
        name = before.get(column["number"])
        return column.get("existing") if name is None else row[name]

    key = [column["name"] for column in new if column.get("key")]
    reshaped = [{column["name"]: value(row, column) for column in new} for row in rows.values()]
    return {tuple(row[name] for name in key): row for row in reshaped}


def folded_file(path: Path) -> dict[str, Rows]:
    with path.open() as file:
        return fold(file)


def table_rows(session: psycopg.Connection, table: str, *, schema: str = "public") -> list[dict[str, str | None]]:
    """Read a table's rows as PostgreSQL writes them, in the order of their text."""
    with session.transaction():
        session.execute("SET LOCAL timezone = 'UTC'")
        names = [
            column.name for column in session.execute(f'SELECT * FROM {schema}."{table}" LIMIT 0').description or ()
        ]
        with session.cursor().copy(f'COPY (SELECT * FROM {schema}."{table}") TO STDOUT') as copy:
            return in_order(dict(zip(names, row, strict=True)) for row in copy.rows())


def in_order(rows: Iterable[dict[str, str | None]]) -> list[dict[str, str | None]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def file_rows(path: Path, table: str) -> list[dict[str, str | None]]:
    return in_order(folded_file(path).get(f"public.{table}", {}).values())


def positions(path: Path) -> list[tuple[str, int]]:
    """The (lsn, ordinal) of each row change in the file, in its order."""
    with path.open() as file:
        lines = [json.loads(line) for line in file]
    return [(line["lsn"], line["ordinal"]) for line in lines if line["kind"] not in {"position", "schema"}]
