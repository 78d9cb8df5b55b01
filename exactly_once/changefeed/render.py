"""An entry as JSON, the form that the file and the stream share. Values stay PostgreSQL's text; docs/change-feed.md."""

import json
from typing import Any
from uuid import UUID

from exactly_once.changefeed.entries import Batch, Column, Entry, Shape, State
from exactly_once.changefeed.lsn import format_lsn, parse_lsn


def stands_at(entry: Entry) -> int:
    """Return the ordinal up to which a sink has all once it has this entry: a shape does not bring its change along."""
    return entry.ordinal - isinstance(entry.what, Shape)


def entry_json(entry: Entry, batch: Batch) -> str:
    """Return a change or a shape with its position, on one line."""
    what = entry.what
    if isinstance(what, Shape):
        body: dict[str, Any] = {"kind": "schema", "table": what.table, "columns": [_column(c) for c in what.columns]}
    else:
        body = {"kind": what.kind, "table": what.table}
        body |= {} if what.key is None else {"key": what.key}
        body |= {} if what.row is None else {"row": what.row}
    if batch.committed_at is not None:
        body["committed_at"] = batch.committed_at.isoformat()
    state = batch.state
    return _dump(body | _position(State(state.epoch, state.lsn, stands_at(entry), state.snapshot)))


def position_json(state: State) -> str:
    """Return a position without an entry, on one line."""
    return _dump({"kind": "position"} | _position(state))


def state_of(text: str | bytes) -> State:
    """Return the position that a line carries.

    :raises ValueError: it is none of our lines.
    """
    try:
        line = json.loads(text)
        epoch, lsn = UUID(line["epoch"]), parse_lsn(line["lsn"])
        return State(epoch, lsn, int(line["ordinal"]), snapshot=bool(line.get("snapshot")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no position in {text!r}") from error


def shape_of_json(text: str | bytes) -> Shape:
    """Return the shape that a line of kind ``schema`` carries."""
    line = json.loads(text)
    columns = (
        Column(c["number"], c["name"], c["type"], key=c.get("key", False), existing=c.get("existing"))
        for c in line["columns"]
    )
    return Shape(line["table"], tuple(columns))


def _column(column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {"number": column.number, "name": column.name, "type": column.type}
    said |= {"key": True} if column.key else {}
    return said if column.existing is None else said | {"existing": column.existing}


def _position(state: State) -> dict[str, Any]:
    said = {"epoch": str(state.epoch), "lsn": format_lsn(state.lsn), "ordinal": state.ordinal}
    return said | ({"snapshot": True} if state.snapshot else {})


def _dump(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
