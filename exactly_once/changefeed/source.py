"""The database that is followed: its slot, its publication, its catalog. All over one connection without transactions.

The slot is only peeked at and then advanced: ``pg_logical_slot_get_changes`` would forget changes before any sink has
them. Needs a role with REPLICATION that owns the tables.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from exactly_once.changefeed.entries import Shape
from exactly_once.changefeed.errors import CannotPublish
from exactly_once.changefeed.lsn import format_lsn, parse_lsn
from exactly_once.changefeed.pgoutput import Relation
from exactly_once.changefeed.shapes import CatalogColumn, shape_of

# Values are text in the form of the session that reads them: the same one for the log and for the snapshot.
_SESSION = {
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}

_SLOT = """
SELECT
    confirmed_flush_lsn::text, wal_status, invalidation_reason, safe_wal_size,
    (pg_current_wal_lsn() - confirmed_flush_lsn)::bigint AS lag_bytes
FROM pg_replication_slots
WHERE slot_name = %s AND database = current_database() AND plugin = 'pgoutput'
"""
_SYSTEM = """
SELECT system_identifier || '/' || timeline_id FROM pg_control_system(), pg_control_checkpoint()
"""
_PEEK = """
SELECT data FROM pg_logical_slot_peek_binary_changes(
    %s, NULL, %s, 'proto_version', '1', 'publication_names', %s
)
"""
_NEW_EPOCH = """
INSERT INTO exactly_once_changefeed (slot, epoch, system) VALUES (%s, %s, %s)
"""
_PUBLISHED = "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = %s ORDER BY 1"
# Without a key the source itself would refuse every UPDATE of a published table.
_WITHOUT_KEY = """
SELECT c.oid::regclass::text
FROM pg_class AS c
WHERE c.oid = ANY(%s::regclass[]) AND NOT EXISTS (
    SELECT FROM pg_index AS i
    WHERE i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END
)
"""
_CATALOG = """
SELECT
    attnum, CASE WHEN NOT attisdropped THEN attname END, (attmissingval::text::text[])[1],
    (atthasdef OR attidentity <> '') AND attgenerated = '' AND NOT atthasmissing AS rewritten
FROM pg_attribute WHERE attrelid = %s AND attnum > 0
"""
# Types of our own do not exist at a sink: there, they are text.
_TYPES = """
SELECT CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN format_type(c.oid, c.modifier) ELSE 'text' END
FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS c (oid, modifier, place)
LEFT JOIN pg_type AS t ON t.oid = c.oid
ORDER BY c.place
"""


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """The slot: up to where it was told to forget, and how far it is behind.

    ``safe_bytes``: how much may still be written before the server gives it up; None without a bound.
    """

    confirmed: int
    lost_because: str
    lag_bytes: int
    safe_bytes: int | None


@dataclass(frozen=True, slots=True)
class Epoch:
    """Since when positions count: a new one with each new slot. ``system`` tells a restored database."""

    id: UUID
    system: str


class Source:
    """The database of ``conninfo``, followed through the slot and the publication of one name."""

    def __init__(self, *, conninfo: str, slot: str, tables: Sequence[str]) -> None:
        self.slot = slot
        self.tables = tuple(sorted(table if "." in table else f"public.{table}" for table in tables))
        self.conninfo = make_conninfo(conninfo, options=" ".join(f"-c {k}={v}" for k, v in _SESSION.items()))
        self.connection = psycopg.connect(self.conninfo, autocommit=True)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def status(self) -> SlotStatus | None:
        """Return how the slot is, None where there is none."""
        row = self.connection.execute(_SLOT, [self.slot]).fetchone()
        if row is None:
            return None
        confirmed, wal_status, reason, safe_bytes, lag_bytes = row
        lost_because = reason or ("wal_removed" if wal_status == "lost" else "")
        return SlotStatus(parse_lsn(confirmed or "0/0"), lost_because, lag_bytes or 0, safe_bytes)

    def end_of_log(self, *, flushed: bool = True) -> int:
        """Return the position behind all that is durable, or behind all that is written at all."""
        function = "pg_current_wal_flush_lsn" if flushed else "pg_current_wal_insert_lsn"
        return parse_lsn(self._one(f"SELECT {function}()::text"))

    def peek(self, *, limit: int) -> list[bytes]:
        """Return the messages of the next commits: whole ones, until at least ``limit`` changes are reached."""
        with self.connection.cursor(binary=True) as cursor:
            return [row[0] for row in cursor.execute(_PEEK, [self.slot, limit, self.slot]).fetchall()]

    def advance(self, lsn: int) -> None:
        """Let the server forget what is before this position."""
        self.connection.execute("SELECT pg_replication_slot_advance(%s, %s)", [self.slot, format_lsn(lsn)])

    def epoch(self) -> Epoch | None:
        """Return the slot's epoch, None before its first start."""
        row = self.connection.execute("SELECT epoch, system FROM exactly_once_changefeed WHERE slot = %s", [self.slot])
        found = row.fetchone()
        return Epoch(*found) if found else None

    def system(self) -> str:
        """Return which server this is, and which of its histories: another one after a restore or a failover."""
        return self._one(_SYSTEM)

    def start_epoch(self) -> UUID:
        """Begin to count anew: no earlier position of any sink is good for this slot from now on."""
        epoch = uuid4()
        self.connection.execute(_NEW_EPOCH, [self.slot, epoch, self.system()])
        return epoch

    def published(self) -> tuple[str, ...]:
        """Return the tables that the publication carries."""
        return tuple(row[0] for row in self.connection.execute(_PUBLISHED, [self.slot]))

    def publish(self) -> None:
        """Make the publication of the tables. Has to be there before the slot, or the slot cannot be read.

        :raises CannotPublish: a table that is not there, or has no key.
        """
        try:
            wanting = self.connection.execute(_WITHOUT_KEY, [list(map(_quoted, self.tables))]).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise CannotPublish(f"There is no such table: {error.diag.message_primary}.") from None
        if wanting:
            names = ", ".join(row[0] for row in wanting)
            raise CannotPublish(
                f"{names}: rows can be followed only by a primary key, or by a unique index that is the replica "
                "identity. Give each table one (ALTER TABLE ... ADD PRIMARY KEY), and start again."
            )
        name, tables = sql.Identifier(self.slot), sql.SQL(", ").join(map(identifier, self.tables))
        with self.connection.transaction():
            self.connection.execute(sql.SQL("DROP PUBLICATION IF EXISTS {}").format(name))
            self.connection.execute(
                sql.SQL("CREATE PUBLICATION {} FOR TABLE {} WITH (publish_via_partition_root = true)").format(
                    name, tables
                )
            )

    def drop(self) -> None:
        """Remove slot and publication. What was not delivered yet is forgotten."""
        if self.status() is not None:
            self.connection.execute("SELECT pg_drop_replication_slot(%s)", [self.slot])
        self.connection.execute(sql.SQL("DROP PUBLICATION IF EXISTS {}").format(sql.Identifier(self.slot)))
        self.connection.execute("DELETE FROM exactly_once_changefeed WHERE slot = %s", [self.slot])

    def describe(self, relation: Relation, known: Shape | None) -> Shape:
        """Return the shape behind a relation message.

        :raises SchemaUnclear: see shapes.py.
        """
        return describe(self.connection, relation, known)

    def _one(self, query: str) -> str:
        row = self.connection.execute(query.encode()).fetchone()
        assert row is not None
        return str(row[0])


def describe(connection: psycopg.Connection, relation: Relation, known: Shape | None) -> Shape:
    """Return a relation's shape, its columns numbered by the catalog that this connection sees.

    :raises SchemaUnclear: see shapes.py.
    """
    catalog = {
        number: CatalogColumn(name, existing, rewritten)
        for number, name, existing, rewritten in connection.execute(_CATALOG, [relation.oid])
    }
    oids = [column.type_oid for column in relation.columns]
    modifiers = [column.type_modifier for column in relation.columns]
    types = [row[0] for row in connection.execute(_TYPES, [oids, modifiers])]
    return shape_of(relation, types=types, catalog=catalog, known=known)


def identifier(table: str) -> sql.Identifier:
    """Return a qualified table name, quoted."""
    return sql.Identifier(*table.split(".", 1))


def _quoted(table: str) -> str:
    return ".".join(json.dumps(part, ensure_ascii=False) for part in table.split(".", 1))
