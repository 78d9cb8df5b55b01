"""A feed goes on only where nothing is missing; otherwise it says so, and a snapshot begins it anew."""

from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from exactly_once.changefeed.entries import State
from exactly_once.changefeed.errors import FeedStopped, SinkBusy, SlotLost, WrongEpoch
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from tests.exactly_once.changefeed.conftest import Follow, drain
from tests.exactly_once.changefeed.fold import file_rows, positions, table_rows
from tests.exactly_once.changefeed.names import SLOT

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_EPOCH = UUID("00000000-0000-4000-8000-000000000000")


def begin(owner: psycopg.Connection, follow: Follow, path: Path) -> State:
    """Follow to the end of one change, and stop."""
    feed = follow(JsonlSink(path))
    owner.execute("INSERT INTO fruit VALUES (1, 'apple')")
    drain(feed)
    feed.sink.close()
    return feed.state


def refuses(follow: Follow, path: Path, error: type[FeedStopped], words: str) -> None:
    """It stops, and the file stays as it is."""
    before = path.read_bytes()
    with closing(JsonlSink(path)) as sink, pytest.raises(error, match=words):
        follow(sink)
    assert path.read_bytes() == before


def test_a_feed_that_starts_again_goes_on_where_the_sink_stands(
    owner: psycopg.Connection, follow: Follow, path: Path
) -> None:
    # Given
    begin(owner, follow, path)
    owner.execute("UPDATE fruit SET name = 'fig'")
    # When
    feed = follow(JsonlSink(path), copy=True)
    # Then there is nothing to copy
    assert drain(feed) == 1
    assert file_rows(path, "fruit") == table_rows(owner, "fruit")
    assert len(positions(path)) == 2


def test_what_the_server_sends_again_is_not_written_again(
    owner: psycopg.Connection, follow: Follow, path: Path
) -> None:
    # Given a sink that has it, and a slot that was not told
    feed = follow(JsonlSink(path))
    feed.source.advance = lambda _lsn: None  # type: ignore[assignment, method-assign]
    owner.execute("INSERT INTO fruit VALUES (1, 'apple')")
    assert feed.round() == 1
    feed.sink.close()
    before = path.read_bytes()
    # When
    feed = follow(JsonlSink(path))
    # Then
    assert drain(feed) == 1
    assert feed.delivered == 0
    assert path.read_bytes() == before


def test_a_torn_line_is_cut_off_and_comes_again(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    # Given a commit of two rows, the second of which reached the disk by half, and a slot that was not told
    feed = follow(JsonlSink(path))
    feed.source.advance = lambda _lsn: None  # type: ignore[assignment, method-assign]
    owner.execute("INSERT INTO fruit VALUES (1, 'apple'), (2, 'pear')")
    assert feed.round() == 1
    feed.sink.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + b"\0\0\n\0\0\0")
    # When
    drain(follow(JsonlSink(path)))
    # Then
    assert path.read_bytes() == whole


def test_a_slot_that_is_gone_stops_the_feed(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    begin(owner, follow, path)
    owner.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])

    refuses(follow, path, SlotLost, "There is no slot feed_under_test in this database any more")


def test_a_slot_that_goes_while_the_feed_runs_stops_it(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink
) -> None:
    feed = follow(jsonl)
    owner.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])

    with pytest.raises(SlotLost, match='cannot be read any more: replication slot "feed_under_test" does not exist'):
        feed.round()


def test_a_slot_that_the_server_gave_up_stops_the_feed_and_a_snapshot_begins_it_anew(
    owner: psycopg.Connection, follow: Follow, path: Path
) -> None:
    # Given a server that keeps a slot for a second only
    begin(owner, follow, path)
    owner.execute("ALTER SYSTEM SET idle_replication_slot_timeout = '1s'")
    owner.execute("SELECT pg_reload_conf()")
    try:
        owner.execute("INSERT INTO crate VALUES ('left', 1)")
        owner.execute("SELECT pg_sleep(1.1)")
        owner.execute("CHECKPOINT")
    finally:
        owner.execute("ALTER SYSTEM RESET idle_replication_slot_timeout")
        owner.execute("SELECT pg_reload_conf()")
    # When and then
    refuses(follow, path, SlotLost, r"gave up the slot feed_under_test \(idle_timeout\)")
    # And
    drain(follow(JsonlSink(path), copy=True))
    assert file_rows(path, "crate") == table_rows(owner, "crate") != []


def test_a_sink_of_another_epoch_is_refused(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    begin(owner, follow, path)
    owner.execute("UPDATE exactly_once_changefeed SET epoch = %s", [OTHER_EPOCH])

    refuses(follow, path, WrongEpoch, f"to {OTHER_EPOCH}: the database was restored, or the slot made anew")


def test_a_restored_database_is_refused(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    begin(owner, follow, path)
    owner.execute("UPDATE exactly_once_changefeed SET system = '123/1'")

    refuses(follow, path, WrongEpoch, "the database was restored, or a standby took over")


def test_a_database_that_went_back_is_refused(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    state = begin(owner, follow, path)
    sink = JsonlSink(path)
    sink.restart(State(state.epoch, state.lsn + (1 << 40), 0))
    sink.close()

    refuses(follow, path, WrongEpoch, "The sink is ahead of the database's own log")


def test_a_sink_that_went_back_is_refused(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    # Given a copy of the file that is put back after the slot was told to forget
    begin(owner, follow, path)
    copy = path.read_bytes()
    owner.execute("INSERT INTO fruit VALUES (2)")
    feed = follow(JsonlSink(path))
    drain(feed)
    feed.sink.close()
    path.write_bytes(copy)

    refuses(follow, path, SlotLost, "the sink went back")


def test_an_empty_sink_for_a_feed_that_is_under_way_is_refused(
    owner: psycopg.Connection, follow: Follow, path: Path
) -> None:
    begin(owner, follow, path)
    path.unlink()

    with pytest.raises(WrongEpoch, match="The sink holds no position of the slot feed_under_test"):
        follow(JsonlSink(path))


def test_other_tables_than_the_feed_began_with_are_refused(
    owner: psycopg.Connection, follow: Follow, path: Path
) -> None:
    begin(owner, follow, path)

    feed = follow(JsonlSink(path), tables=("fruit",))

    with pytest.raises(FeedStopped, match=r"asked for public\.fruit, but its publication"):
        feed.round()


def test_an_interrupted_snapshot_begins_again_by_itself(owner: psycopg.Connection, follow: Follow, path: Path) -> None:
    # Given
    owner.execute("INSERT INTO fruit SELECT n FROM generate_series(1, 3) AS n")
    sink = JsonlSink(path)
    sink.flush = lambda: 1 / 0  # type: ignore[assignment, method-assign]
    sink.restart(State(OTHER_EPOCH, 1, 0, snapshot=True))
    with pytest.raises(ZeroDivisionError):
        follow(sink)
    sink.close()
    # When
    drain(follow(JsonlSink(path)))
    # Then
    assert file_rows(path, "fruit") == table_rows(owner, "fruit")
    assert len(positions(path)) == 3


def test_one_process_feeds_a_file(follow: Follow, owner: psycopg.Connection, jsonl: JsonlSink, path: Path) -> None:
    follow(jsonl)

    with pytest.raises(SinkBusy, match="Another process writes to"):
        JsonlSink(path)


def test_one_process_feeds_a_database(owner: psycopg.Connection, follow: Follow, conninfo: str) -> None:
    # Given two that opened it
    first = follow(PostgresSink(conninfo, SLOT))
    second = follow(PostgresSink(conninfo, SLOT))
    owner.execute("INSERT INTO fruit VALUES (1)")
    # When
    assert drain(first) == 1
    owner.execute("INSERT INTO fruit VALUES (2)")
    # Then
    with pytest.raises(SinkBusy, match="Another process feeds the schema feed_under_test"):
        drain(second)
    assert drain(first) == 1
    assert table_rows(owner, "fruit", schema=SLOT) == table_rows(owner, "fruit")


def test_a_database_of_rest_does_not_keep_the_log(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink, path: Path
) -> None:
    # Given
    feed = follow(jsonl)
    # When much is written that the feed does not follow
    owner.execute("CREATE TEMPORARY TABLE elsewhere AS SELECT 1")
    owner.execute("SELECT pg_logical_emit_message(false, 'elsewhere', repeat('x', 17 << 20), true)")
    assert drain(feed) == 0
    # Then
    status = feed.source.status()
    assert status is not None
    assert status.lag_bytes < 1 << 20
    assert positions(path) == []


def test_the_first_copy_is_told_in_a_span_that_counts_its_rows(
    owner: psycopg.Connection, follow: Follow, path: Path, told: InMemorySpanExporter
) -> None:
    # Given
    owner.execute("INSERT INTO fruit VALUES (1, 'apple'), (2, 'fig')")
    # When
    follow(JsonlSink(path), copy=True)
    # Then
    [copy] = told.get_finished_spans()
    assert (copy.name, dict(copy.attributes or {})) == (
        "COPY",
        {"db.system.name": "postgresql", "db.operation.name": "COPY", "db.response.returned_rows": 2},
    )
