"""Columns come, go and change their names while the feed runs, and the sinks keep up."""

import json
from pathlib import Path

import psycopg
import pytest

from exactly_once.changefeed.errors import CannotPublish, FeedStopped, SchemaUnclear
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from tests.exactly_once.changefeed.conftest import Follow, drain
from tests.exactly_once.changefeed.fold import file_rows, table_rows
from tests.exactly_once.changefeed.names import SLOT

pytestmark = pytest.mark.django_db(transaction=True)

# Each with rows written before and after it.
CHANGES = [
    "ALTER TABLE fruit ADD colour text",
    "ALTER TABLE fruit ADD origin text NOT NULL DEFAULT 'here'",
    "ALTER TABLE fruit RENAME name TO title",
    "ALTER TABLE fruit DROP ripe",
    "ALTER TABLE fruit RENAME title TO t; ALTER TABLE fruit RENAME colour TO title; ALTER TABLE fruit RENAME t TO name",
    "ALTER TABLE fruit ALTER id TYPE bigint, ALTER weight TYPE numeric(12, 4)",
    "ALTER TABLE fruit DROP origin; ALTER TABLE fruit ADD origin_country text",
    "ALTER TABLE fruit DROP CONSTRAINT fruit_pkey, ADD COLUMN lot integer DEFAULT 7, ADD PRIMARY KEY (id, lot)",
]


@pytest.mark.parametrize("kept_up", [True, False], ids=["kept up", "behind"])
def test_columns_are_carried_to_a_file_and_a_database(
    owner: psycopg.Connection, follow: Follow, conninfo: str, path: Path, kept_up: bool
) -> None:
    # Given a feed into each; the database's is under a slot of its own only in production
    feed = follow(JsonlSink(path) if kept_up else PostgresSink(conninfo, SLOT))
    owner.execute("INSERT INTO fruit (id) VALUES (0)")
    # When the table changes between rows, and the feed follows at once, or some changes later
    for number, change in enumerate(CHANGES, start=1):
        owner.execute(change)
        owner.execute(f"INSERT INTO fruit (id) VALUES ({number})")
        owner.execute("UPDATE fruit SET weight = coalesce(weight, 0) + 1.25 WHERE id IN (0, 1)")
        if kept_up or number in {4, 5, 6, 7, 8}:
            drain(feed)
    # Then
    rows = file_rows(path, "fruit") if kept_up else table_rows(owner, "fruit", schema=SLOT)
    expected = table_rows(owner, "fruit")
    assert len(expected) == 9
    assert [dict(sorted(row.items())) for row in rows] == [dict(sorted(row.items())) for row in expected]


def test_a_file_tells_of_each_new_shape_once_also_after_a_restart(
    owner: psycopg.Connection, follow: Follow, path: Path
) -> None:
    # Given
    feed = follow(JsonlSink(path))
    owner.execute("INSERT INTO fruit (id) VALUES (1)")
    drain(feed)
    owner.execute("ALTER TABLE fruit DROP ripe")
    owner.execute("INSERT INTO fruit (id) VALUES (2)")
    drain(feed)
    feed.sink.close()
    # When
    feed = follow(JsonlSink(path))
    owner.execute("INSERT INTO fruit (id) VALUES (3)")
    drain(feed)
    # Then
    with path.open() as file:
        lines = [json.loads(line) for line in file]
    assert [line["kind"] for line in lines] == ["position", "schema", "insert", "schema", "insert", "insert"]
    assert lines[3]["columns"] == [
        {"number": 1, "name": "id", "type": "integer", "key": True},
        {"number": 2, "name": "name", "type": "text"},
        {"number": 4, "name": "weight", "type": "numeric(8,2)"},
    ]


def test_a_column_with_a_computed_default_stops_the_feed_and_nothing_is_written(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink, path: Path
) -> None:
    # Given
    feed = follow(jsonl)
    owner.execute("INSERT INTO fruit (id) VALUES (1)")
    drain(feed)
    before = path.read_bytes()
    # When
    owner.execute("ALTER TABLE fruit ADD ticket uuid DEFAULT gen_random_uuid()")
    owner.execute("INSERT INTO fruit (id) VALUES (2)")
    # Then
    with pytest.raises(SchemaUnclear, match="its column ticket got values"):
        drain(feed)
    jsonl.flush()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE fruit RENAME TO berry", "DROP TABLE fruit; CREATE TABLE fruit (id integer PRIMARY KEY)"],
    ids=["renamed", "made anew"],
)
def test_a_table_that_leaves_the_publication_stops_the_feed(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink, change: str
) -> None:
    # Given
    feed = follow(jsonl)
    # When
    owner.execute(change)
    # Then
    try:
        with pytest.raises(FeedStopped, match=r"asked for public\.crate, public\.fruit, but its publication"):
            drain(feed)
    finally:
        owner.execute("DROP TABLE IF EXISTS berry")


def test_a_table_without_a_key_is_not_published(owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink) -> None:
    # Given
    owner.execute("ALTER TABLE fruit DROP CONSTRAINT fruit_pkey")
    # When
    with pytest.raises(CannotPublish, match="fruit: rows can be followed only by a primary key"):
        follow(jsonl)
    # Then its writers are not disturbed
    owner.execute("INSERT INTO fruit VALUES (1); UPDATE fruit SET name = 'fig'")


def test_a_table_that_is_not_there_is_named(owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink) -> None:
    with pytest.raises(CannotPublish, match=r'"public\.stone" does not exist'):
        follow(jsonl, tables=("fruit", "stone"))
