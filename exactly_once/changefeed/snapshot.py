"""The first copy of the tables: all rows exactly as they were where the slot begins, while writers go on.

The server exports the snapshot of the very point from which the slot delivers. So every row is either in the copy or in
the slot, and none in both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import batched

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from exactly_once import tracing
from exactly_once.changefeed.entries import Batch, Change, Entry, Shape, Sink, State
from exactly_once.changefeed.errors import CannotPublish
from exactly_once.changefeed.lsn import parse_lsn
from exactly_once.changefeed.pgoutput import Relation, RelationColumn
from exactly_once.changefeed.source import Source, describe, identifier

ROWS_PER_BATCH = 1000

# How long to wait for the write transactions that are open when the slot is made. Meanwhile a schema change of these
# tables waits for us, and others for it: not long.
SLOT_WAIT_SECONDS = 30

_COLUMNS = """
SELECT
    a.attname, a.atttypid, a.atttypmod, coalesce(a.attnum = ANY(i.indkey), false) AS key
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON c.oid = a.attrelid
LEFT JOIN pg_index AS i ON i.indrelid = c.oid
    AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""


def start(source: Source, sink: Sink, *, copy: bool) -> State:
    """Begin anew: a new epoch, a new slot, and a sink that holds the tables as of there, or nothing without ``copy``.

    Whatever dies on the way, the next start finds another epoch at the sink, or an unfinished snapshot.

    :raises CannotPublish: see Source.publish; or transactions stayed open for too long.
    """
    source.drop()
    source.publish()
    epoch = source.start_epoch()
    with _new_slot(source) as (lsn, snapshot_name):
        state = State(epoch, lsn, 0, snapshot=copy)
        sink.restart(state)
        if copy:
            state = _copy(source, sink, state, snapshot_name)
        sink.flush()
    return state


@contextmanager
def _new_slot(source: Source) -> Iterator[tuple[int, str]]:
    """Make the slot; while this lasts, its snapshot can be read, and nobody changes the tables' columns."""
    options = f"{conninfo_to_dict(source.conninfo)['options']} -c lock_timeout={SLOT_WAIT_SECONDS}s"
    command = sql.SQL("CREATE_REPLICATION_SLOT {} LOGICAL pgoutput (SNAPSHOT 'export')")
    with (
        source.connection.transaction(),
        psycopg.connect(
            make_conninfo(source.conninfo, options=options), autocommit=True, replication="database"
        ) as log,
    ):
        # A table that is rewritten after the snapshot was taken would look empty in it.
        for table in source.tables:
            source.connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(identifier(table)))
        try:
            made = log.execute(command.format(sql.Identifier(source.slot))).fetchone()
        except psycopg.errors.LockNotAvailable:
            raise CannotPublish(
                f"Transactions that write have been open for more than {SLOT_WAIT_SECONDS} s, and a slot can begin "
                "only after them. End them (pg_stat_activity, oldest xact_start first), and start again."
            ) from None
        except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.ConfigurationLimitExceeded) as error:
            # wal_level, max_replication_slots: the server's own words and hint say what to set.
            raise CannotPublish(f"The server makes no slot: {str(error).strip()}") from None
        assert made is not None
        yield parse_lsn(made[1]), made[2]


def _copy(source: Source, sink: Sink, state: State, snapshot_name: str) -> State:
    with psycopg.connect(source.conninfo) as reader, tracing.query("COPY") as span:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot_name))
        ordinal = 0
        for entries in batched(_entries(reader, source.tables), ROWS_PER_BATCH):
            ordinal = entries[-1].ordinal
            sink.write(Batch(_at(state, ordinal), entries))
        # Each table's shape is an entry, too.
        span.set_attribute("db.response.returned_rows", ordinal - len(source.tables))
    done = State(state.epoch, state.lsn, ordinal)
    sink.write(Batch(done))
    return done


def _at(state: State, ordinal: int) -> State:
    return State(state.epoch, state.lsn, ordinal, snapshot=True)


def _entries(reader: psycopg.Connection, tables: tuple[str, ...]) -> Iterator[Entry]:
    ordinal = 0
    for table in tables:
        shape = _shape(reader, table)
        ordinal += 1
        yield Entry(ordinal, shape)
        names = [column.name for column in shape.columns]
        # COPY writes values as the log does, and streams them.
        query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), identifier(table)
        )
        with reader.cursor().copy(query) as copy:
            for row in copy.rows():
                ordinal += 1
                yield Entry(ordinal, Change("insert", table, row=dict(zip(names, row, strict=True))))


def _shape(reader: psycopg.Connection, table: str) -> Shape:
    oid: int = reader.execute("SELECT %s::regclass::oid", [identifier(table).as_string(reader)]).fetchone()[0]  # type: ignore[index]
    columns = tuple(
        RelationColumn(name, key, type_oid, modifier)
        for name, type_oid, modifier, key in reader.execute(_COLUMNS, [oid])
    )
    namespace, name = table.split(".", 1)
    return describe(reader, Relation(oid, namespace, name, "d", columns), None)
