"""The decoder reads what PostgreSQL writes, and refuses what it does not know."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from exactly_once.changefeed import pgoutput
from exactly_once.changefeed.lsn import format_lsn, parse_lsn
from exactly_once.changefeed.pgoutput import (
    UNCHANGED,
    Begin,
    Commit,
    Delete,
    Insert,
    Relation,
    RelationColumn,
    Truncate,
    Update,
)
from tests.exactly_once.changefeed.names import SLOT

# What PostgreSQL 18 sent for: CREATE TABLE t (id int PRIMARY KEY, b boolean); INSERT INTO t VALUES (3).
BEGIN = bytes.fromhex("42000000000172b4f8000303f2ab635fdb000002f3")
RELATION = bytes.fromhex(
    "520000400c7075626c6963007400640002016964000000001 7ffffffff0062000000 0010ffffffff".replace(" ", "")
)
INSERT = bytes.fromhex("490000400c4e000274000000013 36e".replace(" ", ""))
COMMIT = bytes.fromhex("4300000000000172b4f8000000000172b528000303f2ab635fdb")


def test_stored_bytes_are_read() -> None:
    at = datetime(2026, 11, 23, 16, 15, 22, 517467, tzinfo=UTC)

    assert pgoutput.decode(BEGIN) == Begin(commit_lsn=0x172B4F8, committed_at=at, xid=755)
    assert pgoutput.decode(COMMIT) == Commit(commit_lsn=0x172B4F8, end_lsn=0x172B528, committed_at=at)
    columns = (RelationColumn("id", True, 23, -1), RelationColumn("b", False, 16, -1))
    assert pgoutput.decode(RELATION) == Relation(0x400C, "public", "t", "d", columns)
    assert pgoutput.decode(INSERT) == Insert(0x400C, ("3", None))


def test_a_message_of_another_origin_is_read() -> None:
    data = b"O" + (7).to_bytes(8) + b"elsewhere\0"

    assert pgoutput.decode(data) == pgoutput.Origin(commit_lsn=7, name="elsewhere")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Z",
        BEGIN[:-1],
        BEGIN + b"\0",
        INSERT[:-1] + b"x",
        INSERT[:-1],
        INSERT.replace(b"N", b"K"),
        b"D" + (7).to_bytes(4) + b"N\0\0",
        RELATION[:8],
        b"O" + (7).to_bytes(8) + b"endless",
    ],
    ids=range(10),
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(pgoutput.UnknownMessage):
        pgoutput.decode(data)


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_message_that_the_server_sends_is_read(owner: psycopg.Connection) -> None:
    # Given a slot, and a table with a type of its own
    owner.execute("DROP TYPE IF EXISTS taste; CREATE TYPE taste AS ENUM ('sweet', 'sour')")
    owner.execute("ALTER TABLE fruit ADD taste taste, ALTER name SET STORAGE EXTERNAL")
    owner.execute(sql.SQL("CREATE PUBLICATION {} FOR TABLE fruit, crate").format(sql.Identifier(SLOT)))
    owner.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [SLOT])
    # When
    with owner.transaction():
        owner.execute("INSERT INTO fruit VALUES (1, repeat('x', 9000), true, 1.5, 'sour')")
        owner.execute("UPDATE fruit SET weight = NULL")
        owner.execute("UPDATE fruit SET id = 2, name = ''")
        owner.execute("DELETE FROM fruit")
        owner.execute("TRUNCATE fruit, crate RESTART IDENTITY CASCADE")
    # Then
    query = "SELECT data FROM pg_logical_slot_peek_binary_changes(%s, NULL, NULL, 'proto_version', '1', %s, %s)"
    rows = owner.execute(query, [SLOT, "publication_names", SLOT], binary=True).fetchall()
    found: list[Any] = [pgoutput.decode(row[0]) for row in rows]
    assert [type(message).__name__ for message in found] == [
        *("Begin", "Type", "Relation", "Insert", "Update", "Update", "Delete"),
        *("Type", "Relation", "Relation", "Truncate", "Commit"),
    ]
    begin, _, fruit, inserted, emptied, moved, deleted, _, _, crate, truncated, commit = found
    assert inserted == Insert(fruit.oid, ("1", "x" * 9000, "t", "1.50", "sour"))
    assert emptied == Update(fruit.oid, None, ("1", UNCHANGED, "t", None, "sour"))
    assert moved == Update(fruit.oid, ("1", None, None, None, None), ("2", "", "t", None, "sour"))
    assert deleted == Delete(fruit.oid, ("2", None, None, None, None))
    assert truncated == Truncate((fruit.oid, crate.oid), cascade=True, restart_identity=True)
    assert (begin.commit_lsn, begin.committed_at) == (commit.commit_lsn, commit.committed_at)
    assert commit.end_lsn > commit.commit_lsn
    owner.execute("ALTER TABLE fruit DROP taste; DROP TYPE taste")


def test_positions_are_written_as_postgresql_does() -> None:
    assert parse_lsn("16/B374D848") == 0x16_B374D848
    assert format_lsn(0x16_B374D848) == "16/B374D848"
    assert format_lsn(0) == "0/0"
