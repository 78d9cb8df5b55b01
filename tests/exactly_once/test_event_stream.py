"""The stream has every event once, in commit order, whatever becomes of relays, of Valkey and of the database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
import redis
from django.db import connection
from django_subatomic.db import transaction
from pytest_django import Settings

from config.replay import stream as replay
from exactly_once import outbox, relay, verify
from exactly_once.event_stream import STREAM, EventStream, StreamAheadError
from exactly_once.management.commands import relay as relay_command
from exactly_once.models import OutboxEvent, SinkPosition
from tests.concurrency.crowd import everyone
from tests.exactly_once.conftest import Connect
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME = "tests:events"

type Open = Callable[..., EventStream]


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """The server, with nothing in it."""
    with redis.Redis.from_url(valkey_url.replace("redis+socket://", "unix://"), decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def new_stream(valkey: redis.Redis, valkey_url: str, settings: Settings) -> Iterator[Open]:
    """Open the stream, as a relay does that starts."""
    settings.EVENT_STREAM_URL, settings.EVENT_STREAM, settings.EVENT_STREAM_LENGTH = valkey_url, NAME, 1000
    with ExitStack() as opened:

        def start(length: int = 1000) -> EventStream:
            return opened.enter_context(closing(EventStream(url=valkey_url, name=NAME, length=length)))

        yield start


def publish(*things: str, **payload: object) -> None:
    with transaction():
        for thing in things:
            outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload=payload, now=NOW)


def drain(stream: EventStream, *, limit: int = 500) -> None:
    eventually(lambda: stream.feed(limit=limit) == 0 and relay.behind(sink=STREAM) == 0, "the stream has every event")


def in_the_stream(valkey: redis.Redis) -> list[str]:
    entries: Any = valkey.xrange(NAME)
    return [fields["aggregateid"] for _, fields in entries]


def in_commit_order() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT o.aggregateid FROM exactly_once_outboxevent AS o ORDER BY o.xid, o.seq")
        return [row[0] for row in cursor.fetchall()]


def test_an_entry_says_all_that_the_event_says(new_stream: Open, valkey: redis.Redis) -> None:
    # Given
    publish("one", amount_minor=1290, note="Grüße")
    # When
    drain(new_stream())
    # Then
    event = OutboxEvent.objects.get()
    entries: Any = valkey.xrange(NAME)
    assert entries == [
        (
            f"{event.xid}-{event.seq}",
            {
                "id": str(event.pk),
                "type": "thing.done",
                "aggregatetype": "thing",
                "aggregateid": "one",
                "aggregate_version": "1",
                "schema_version": "1",
                "occurred_at": "2026-11-23T12:00:00+00:00",
                "payload": '{"note": "Grüße", "amount_minor": 1290}',
            },
        )
    ]


def test_many_relays_and_writers_at_once_give_each_event_once_and_in_order(
    new_stream: Open, valkey: redis.Redis
) -> None:
    # Given four relays that feed without a pause
    over = Event()

    def feed() -> None:
        stream = new_stream()
        while not over.is_set():
            stream.feed(limit=3)
        connection.close()

    relays = [Thread(target=feed) for _ in range(4)]
    for thread in relays:
        thread.start()

    # When six writers publish
    def write(number: int) -> None:
        for turn in range(10):
            publish(f"{number}-{turn}", f"{number}-{turn}-b")

    everyone(6, write)
    eventually(lambda: valkey.xlen(NAME) == 120, "all are there")
    over.set()
    for thread in relays:
        thread.join()
    # Then
    assert in_the_stream(valkey) == in_commit_order()


def test_an_event_is_not_overtaken_by_one_that_commits_earlier(
    new_stream: Open, valkey: redis.Redis, connect: Connect
) -> None:
    # Given a transaction that has begun first, and is still open
    stream, slow = new_stream(), connect()
    slow.execute(
        "INSERT INTO exactly_once_outboxevent"
        " (aggregatetype, aggregateid, aggregate_version, type, payload, schema_version, occurred_at)"
        " VALUES ('thing', 'slow', 1, 'thing.done', '{}', 1, now())"
    )
    publish("quick")
    # When
    assert stream.feed() == 0
    slow.commit()
    drain(stream)
    # Then
    assert in_the_stream(valkey) == ["slow", "quick"]


def test_a_crash_before_the_note_adds_nothing_twice(
    new_stream: Open, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a relay that dies between the stream and its note
    publish("one")
    with monkeypatch.context() as crash:
        crash.setattr(EventStream, "_note", lambda *_: None)
        eventually(lambda: new_stream().feed() == 1, "the event is added")
    assert relay.behind(sink=STREAM) == 1
    # When another one starts
    publish("two")
    drain(new_stream())
    # Then
    assert in_the_stream(valkey) == ["one", "two"]


def test_a_wiped_stream_is_filled_again(new_stream: Open, valkey: redis.Redis) -> None:
    # Given
    stream = new_stream()
    publish("one", "two")
    drain(stream)
    # When
    valkey.flushall()
    publish("three")
    drain(stream, limit=1)
    # Then
    assert in_the_stream(valkey) == ["one", "two", "three"]


def test_a_wipe_while_events_are_read_leaves_no_gap(
    new_stream: Open, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    stream = new_stream()
    publish("one")
    drain(stream)
    publish("two")
    # When the server is wiped after we asked it where it is
    known = stream.last_id()
    valkey.flushall()
    with monkeypatch.context() as late:
        late.setattr(stream, "last_id", lambda: known)
        assert stream.feed() == 0
    drain(stream)
    # Then
    assert in_the_stream(valkey) == ["one", "two"]


def test_a_stream_keeps_its_place_when_it_drops_old_entries(new_stream: Open, valkey: redis.Redis) -> None:
    stream = new_stream(length=1)
    publish(*(str(number) for number in range(300)))
    drain(stream, limit=100)
    assert valkey.xlen(NAME) < 300
    valkey.xtrim(NAME, maxlen=0, approximate=False)

    publish("new")
    drain(new_stream())

    assert in_the_stream(valkey) == ["new"]
    assert replay.compare().passed


def test_a_stream_of_another_database_is_left_alone(new_stream: Open, valkey: redis.Redis) -> None:
    valkey.xadd(NAME, {"aggregateid": "another's"}, id="999999999999-1")
    publish("one")

    with pytest.raises(StreamAheadError, match=r"last entry 999999999999-1 is no event of this database"):
        new_stream().feed()

    assert in_the_stream(valkey) == ["another's"]
    assert SinkPosition.objects.filter(sink=STREAM).count() == 0


def test_the_relay_goes_on_without_a_stream_that_is_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a server that is not there
    settings.EVENT_STREAM_URL = "unix:///nowhere/valkey.sock"
    asked: list[float] = []
    stream = relay_command.Stream()
    monkeypatch.setattr(relay_command.log, "warning", lambda *_, **__: asked.append(1.0))
    # Then it is not asked all the time
    assert [stream.feed() for _ in range(3)] == [0, 0, 0]
    assert len(asked) == 1


def test_verify_tells_of_events_that_do_not_reach_the_stream(new_stream: Open, connect: Connect) -> None:
    # Given an event of two hours ago
    with connect(autocommit=True) as owner:
        publish("one")
        _age(owner)
    # When nothing feeds the stream
    (check,) = [check for check in verify.checks(now=datetime.now(UTC)) if "is in the stream" in check.name]
    assert not check.passed
    # Then feeding helps
    drain(new_stream())
    (check,) = [check for check in verify.checks(now=datetime.now(UTC)) if "is in the stream" in check.name]
    assert check.passed


def _age(owner: psycopg.Connection) -> None:
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE exactly_once_outboxevent SET recorded_at = now() - interval '2 hours'")


@pytest.mark.parametrize(
    ("break_it", "side"),
    [
        (lambda valkey, place: valkey.xdel(NAME, place), "rebuilt, not stored"),
        (lambda valkey, _: valkey.xadd(NAME, {"id": "x"}, id="999999999999-1"), "stored, not rebuilt"),
    ],
)
def test_replay_finds_an_entry_that_is_missing_or_too_many(
    new_stream: Open, valkey: redis.Redis, break_it: Callable[[redis.Redis, str], None], side: str
) -> None:
    # Given
    publish("one", "two", "three")
    drain(new_stream())
    assert replay.compare().passed
    assert replay.compare().rows == 3
    # When
    entries: Any = valkey.xrange(NAME)
    break_it(valkey, entries[1][0])
    # Then
    compared = replay.compare()
    assert not compared.passed
    assert [said.partition(":")[0] for said in compared.differences] == [side]
