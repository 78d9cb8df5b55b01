"""What is particular to a sink: the stream's ids and pieces, the database's strictness, how each is written."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import redis

from exactly_once.changefeed.entries import Batch, Change, Column, Entry, Shape, State
from exactly_once.changefeed.errors import SinkBusy, SinkDiverged
from exactly_once.changefeed.sinks import valkey_stream
from exactly_once.changefeed.sinks.opening import UnknownSink, open_sink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from exactly_once.changefeed.sinks.valkey_stream import ValkeyStreamSink
from tests.exactly_once.changefeed.conftest import Follow, drain, stream_lines
from tests.exactly_once.changefeed.fold import fold, in_order, table_rows
from tests.exactly_once.changefeed.names import SLOT

EPOCH = UUID("00000000-0000-4000-8000-000000000001")
SHAPE = Shape("public.fruit", (Column(1, "id", "integer", key=True), Column(2, "name", "text", key=False)))
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def inserts(count: int) -> Batch:
    """The first commit with the table's shape and so many rows."""
    rows = (Entry(n, Change("insert", "public.fruit", row={"id": str(n), "name": None})) for n in range(1, count + 1))
    return Batch(State(EPOCH, 0x100, count), (Entry(1, SHAPE), *rows), AT)


def test_a_stream_has_entries_with_their_positions_as_ids(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a commit that takes several scripts
    monkeypatch.setattr(valkey_stream, "ENTRIES_PER_SCRIPT", 2)
    with closing(ValkeyStreamSink(valkey_url, "pieces")) as sink:
        sink.restart(State(EPOCH, 0, 0))
        # When
        sink.write(inserts(4))
    # Then
    with redis.Redis.from_url(valkey_url.replace("redis+socket://", "unix://"), decode_responses=True) as client:
        assert [entry_id for entry_id, _ in client.xrange("pieces")] == ["256-1", "256-2", "256-4", "256-6", "256-8"]
    assert json.loads(stream_lines(valkey_url, "pieces")[1]) == {
        "kind": "insert",
        "table": "public.fruit",
        "row": {"id": "1", "name": None},
        "committed_at": "2026-11-23T12:00:00+00:00",
        "epoch": str(EPOCH),
        "lsn": "0/100",
        "ordinal": 1,
    }
    with closing(ValkeyStreamSink(valkey_url, "pieces")) as sink:
        assert sink.state() == State(EPOCH, 0x100, 4)
        assert sink.shapes() == {"public.fruit": SHAPE}


def test_one_process_feeds_a_stream(valkey_url: str) -> None:
    # Given
    with (
        closing(ValkeyStreamSink(valkey_url, "shared")) as first,
        closing(ValkeyStreamSink(valkey_url, "shared")) as other,
    ):
        first.restart(State(EPOCH, 0, 0))
        # When
        with pytest.raises(SinkBusy, match="another one feeds it, or the server lost data"):
            other.write(inserts(1))
    # Then
    assert stream_lines(valkey_url, "shared") == []


@pytest.mark.django_db(transaction=True)
def test_a_stream_folds_to_the_tables_snapshot_included(
    owner: psycopg.Connection, follow: Follow, valkey_url: str
) -> None:
    # Given
    owner.execute("INSERT INTO fruit SELECT n, 'old' FROM generate_series(1, 1200) AS n")
    feed = follow(ValkeyStreamSink(valkey_url, "folded"), copy=True)
    # When
    owner.execute("DELETE FROM fruit WHERE id > 10; UPDATE fruit SET id = -id, weight = 2")
    owner.execute("ALTER TABLE fruit RENAME weight TO grams; INSERT INTO fruit VALUES (1)")
    drain(feed)
    # Then
    assert in_order(fold(stream_lines(valkey_url, "folded"))["public.fruit"].values()) == table_rows(owner, "fruit")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["UPDATE fruit SET name = 'fig'", "DELETE FROM fruit"])
def test_a_database_whose_rows_somebody_else_removed_stops_the_feed(
    owner: psycopg.Connection, follow: Follow, conninfo: str, change: str
) -> None:
    # Given
    owner.execute("INSERT INTO fruit VALUES (1), (2)")
    feed = follow(PostgresSink(conninfo, SLOT), copy=True)
    owner.execute(f"DELETE FROM {SLOT}.fruit WHERE id = 2")
    # When
    owner.execute(change)
    # Then
    kind = change.split(maxsplit=1)[0].lower()
    with pytest.raises(SinkDiverged, match=f"1 of 2 rows to {kind} are in {SLOT}.public.fruit: somebody else wrote"):
        drain(feed)
    feed.sink.close()
    assert owner.execute(f"SELECT id, name FROM {SLOT}.fruit").fetchall() == [(1, None)]


@pytest.mark.parametrize("spec", ["", "jsonl:", "valkey:", "postgres:", "kafka:topic"])
def test_other_sinks_are_refused(spec: str) -> None:
    with pytest.raises(UnknownSink):
        open_sink(spec=spec, slot=SLOT, valkey_url="", postgres_url="")


def test_a_file_that_was_never_written_has_no_position(tmp_path: Path) -> None:
    with closing(open_sink(spec=f"jsonl:{tmp_path}/new", slot=SLOT, valkey_url="", postgres_url="")) as sink:
        assert sink.state() is None
        assert sink.shapes() == {}
