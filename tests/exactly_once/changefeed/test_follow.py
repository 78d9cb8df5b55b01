"""A feed delivers each committed change once, from where its sink stands."""

import json
from pathlib import Path

import psycopg
import pytest

from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from tests.exactly_once.changefeed.conftest import Follow, drain
from tests.exactly_once.changefeed.fold import file_rows, positions, table_rows
from tests.exactly_once.changefeed.names import SLOT, TABLES

pytestmark = pytest.mark.django_db(transaction=True)


def change_everything(owner: psycopg.Connection) -> None:
    """Every kind of change, values of several types, several in one commit, and one commit that is undone."""
    owner.execute("INSERT INTO fruit VALUES (1, 'apple', true, 0.25), (2, 'pear', false, NULL), (3, 'fig', NULL, 1)")
    owner.execute("""INSERT INTO crate VALUES ('left', 1, '{"a": [1, null]}'), ('right', 2, NULL)""")
    with owner.transaction():
        owner.execute("UPDATE fruit SET name = 'quince  \\ ü', ripe = true WHERE id = 2")
        owner.execute("UPDATE fruit SET id = 30 WHERE id = 3")
        owner.execute("DELETE FROM crate WHERE place = 'left'")
    with owner.transaction(force_rollback=True):
        owner.execute("DELETE FROM fruit")
    owner.execute("DELETE FROM fruit WHERE id = 1")


def test_a_file_has_every_committed_change_once_and_folds_to_the_tables(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink, path: Path
) -> None:
    # Given
    feed = follow(jsonl)
    # When
    change_everything(owner)
    # Then
    assert drain(feed) == 4
    assert [ordinal for _, ordinal in positions(path)] == [1, 2, 3, 1, 2, 1, 2, 3, 1]
    assert len(set(positions(path))) == 9
    for table in TABLES:
        assert file_rows(path, table) == table_rows(owner, table)
    # And a second look finds nothing
    assert drain(feed) == 0


def test_a_database_has_the_same_tables(owner: psycopg.Connection, follow: Follow, conninfo: str) -> None:
    # Given
    feed = follow(PostgresSink(conninfo, SLOT))
    # When
    change_everything(owner)
    drain(feed)
    # Then
    for table in TABLES:
        assert table_rows(owner, table, schema=SLOT) == table_rows(owner, table)


def test_tables_emptied_together_are_emptied_at_the_sinks(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink, path: Path
) -> None:
    # Given
    feed = follow(jsonl)
    owner.execute("INSERT INTO fruit VALUES (1); INSERT INTO crate VALUES ('left', 1)")
    # When
    owner.execute("TRUNCATE fruit, crate")
    owner.execute("INSERT INTO fruit VALUES (2)")
    drain(feed)
    # Then
    assert file_rows(path, "crate") == []
    assert file_rows(path, "fruit") == table_rows(owner, "fruit")


def test_a_large_value_that_did_not_change_stays(
    owner: psycopg.Connection, follow: Follow, conninfo: str, jsonl: JsonlSink, path: Path
) -> None:
    # Given a value that is stored apart
    owner.execute("ALTER TABLE fruit ALTER name SET STORAGE EXTERNAL")
    feed = follow(jsonl)
    owner.execute("INSERT INTO fruit (id, name) VALUES (1, repeat('apple', 2000))")
    # When another column changes
    owner.execute("UPDATE fruit SET ripe = true")
    drain(feed)
    # Then the log did not repeat it, and nobody lost it
    with path.open() as file:
        assert list(json.loads(list(file)[-1])["row"]) == ["id", "ripe", "weight"]
    assert file_rows(path, "fruit") == table_rows(owner, "fruit")


def test_other_tables_are_not_followed(owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink, path: Path) -> None:
    # Given
    feed = follow(jsonl, tables=("fruit",))
    # When
    owner.execute("INSERT INTO crate VALUES ('left', 1)")
    # Then
    assert drain(feed) == 0
    assert positions(path) == []
