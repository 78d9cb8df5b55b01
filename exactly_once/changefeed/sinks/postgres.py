"""Another PostgreSQL: tables of the same names in a schema of the feed's own, and the position, in one transaction.

What the tables look like is changed in reshape.py.
"""

from collections.abc import Sequence
from itertools import groupby

import psycopg
from psycopg import sql

from exactly_once.changefeed import render
from exactly_once.changefeed.entries import Batch, Change, Entry, Shape, State
from exactly_once.changefeed.errors import SinkBusy, SinkDiverged
from exactly_once.changefeed.sinks.reshape import reshape, table_name

_SETUP = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}._position (
    single boolean PRIMARY KEY DEFAULT true CHECK (single), state text NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}._shapes (source_table text PRIMARY KEY, shape text NOT NULL);
"""
_LOCK = "SELECT state FROM {schema}._position FOR UPDATE"
_ADVANCE = """
INSERT INTO {schema}._position (state) VALUES (%s) ON CONFLICT (single) DO UPDATE SET state = excluded.state
"""
_SHAPE = """
INSERT INTO {schema}._shapes VALUES (%s, %s) ON CONFLICT (source_table) DO UPDATE SET shape = excluded.shape
"""


class PostgresSink:
    """The schema of this name behind ``conninfo``. It belongs to the feed: ``restart`` empties it."""

    def __init__(self, conninfo: str, schema: str) -> None:
        self._schema = schema
        self._connection = psycopg.connect(conninfo)
        with self._connection.transaction():
            self._run(_SETUP)
        self._open = False
        self._state, self._known = self._stored()

    def state(self) -> State | None:
        """Return the position in the table beside the rows."""
        return self._state

    def shapes(self) -> dict[str, Shape]:
        """Return the shapes in the table beside the rows."""
        return dict(self._known)

    def restart(self, state: State) -> None:
        """Drop the feed's tables, with the views on them, and put the position down."""
        self._connection.rollback()
        for table in self._known:
            name = sql.Identifier(self._schema, table_name(table))
            self._connection.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(name))
        self._run("DELETE FROM {schema}._shapes")
        self._run(_ADVANCE, [render.position_json(state)])
        self._connection.commit()
        self._state, self._known, self._open = state, {}, False

    def write(self, batch: Batch) -> None:
        """Apply the entries and move the position, in the transaction that ``flush`` commits.

        :raises SinkDiverged: a row to change is not there.
        :raises SinkBusy: the position is not the one that this process left.
        """
        self._begin()
        for (kind, _), group in groupby(batch.entries, key=_statement):
            entries = list(group)
            if kind == "schema":
                self._take_shapes(entries, batch)
            else:
                self._apply([entry.what for entry in entries if isinstance(entry.what, Change)])
        self._run(_ADVANCE, [render.position_json(batch.state)])
        self._state = batch.state

    def flush(self) -> None:
        """Commit."""
        self._connection.commit()
        self._open = False

    def close(self) -> None:
        """Close the connection; what was not flushed is undone."""
        self._connection.close()

    def _begin(self) -> None:
        """Take the position's lock once per transaction, and look whether it is still ours."""
        if self._open:
            return
        row = self._run(_LOCK).fetchone()
        if (render.state_of(row[0]) if row else None) != self._state:
            self._connection.rollback()
            raise SinkBusy(f"Another process feeds the schema {self._schema}. Stop it first.")
        self._open = True

    def _stored(self) -> tuple[State | None, dict[str, Shape]]:
        with self._connection.transaction():
            row = self._run("SELECT state FROM {schema}._position").fetchone()
            shapes = self._run("SELECT source_table, shape FROM {schema}._shapes").fetchall()
        return render.state_of(row[0]) if row else None, {table: render.shape_of_json(text) for table, text in shapes}

    def _take_shapes(self, entries: Sequence[Entry], batch: Batch) -> None:
        for entry in entries:
            shape = entry.what
            assert isinstance(shape, Shape)
            for statement in reshape(self._schema, self._known.get(shape.table), shape):
                self._connection.execute(statement)
            self._known[shape.table] = shape
            self._run(_SHAPE, [shape.table, render.entry_json(entry, batch)])

    def _apply(self, changes: Sequence[Change]) -> None:
        """Run one statement for changes that differ in their values only."""
        first = changes[0]
        table = sql.Identifier(self._schema, table_name(first.table))
        if first.kind == "truncate":
            self._connection.execute(sql.SQL("TRUNCATE {}").format(table))
            return
        rows = [[*(change.row or {}).values(), *(change.key or {}).values()] for change in changes]
        with self._connection.cursor() as cursor:
            cursor.executemany(self._sql(first, table), rows)
            if cursor.rowcount != len(rows):
                raise SinkDiverged(
                    f"{cursor.rowcount} of {len(rows)} rows to {first.kind} are in {self._schema}.{first.table}: "
                    "somebody else wrote there."
                )

    def _sql(self, change: Change, table: sql.Identifier) -> sql.Composed:
        columns = [sql.Identifier(name) for name in change.row or {}]
        values = sql.SQL(", ").join([sql.Placeholder()] * len(columns))
        names = sql.SQL(", ").join(columns)
        settings = sql.SQL(", ").join(sql.SQL("{} = %s").format(column) for column in columns)
        where = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in change.key or {})
        match change.kind:
            case "delete":
                return sql.SQL("DELETE FROM {} WHERE {}").format(table, where)
            case "update":
                return sql.SQL("UPDATE {} SET {} WHERE {}").format(table, settings, where)
            case _:
                key = sql.SQL(", ").join(map(sql.Identifier, self._known[change.table].key))
                put = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(column) for column in columns)
                form = "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}"
                return sql.SQL(form).format(table, names, values, key, put)

    def _run(self, query: str, parameters: Sequence[object] | None = None) -> psycopg.Cursor:
        return self._connection.execute(sql.SQL(query).format(schema=sql.Identifier(self._schema)), parameters)


def _statement(entry: Entry) -> tuple[str, tuple[object, ...]]:
    """Return what entries have in common that one statement can do: kind, table and columns."""
    what = entry.what
    if isinstance(what, Shape):
        return "schema", ()
    return what.kind, (what.table, *(what.row or {}), None, *(what.key or {}))
