"""Tables, slots and sinks of the tests' own, in the test database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql

from exactly_once.changefeed.entries import Sink
from exactly_once.changefeed.follow import Feed, open_feed
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.source import Source
from tests.exactly_once.changefeed.names import SLOT, TABLES
from tests.exactly_once.conftest import Connect

type Follow = Callable[..., Feed]


@pytest.fixture
def owner(connect: Connect) -> Iterator[psycopg.Connection]:
    """A session outside transactions, with two tables to follow that go with the test, as do its slots."""
    with connect(autocommit=True) as session:
        # A slot delivers what is on disk: without this, the tests' server has it there a moment later.
        session.execute("SET synchronous_commit = on")
        _clean(session)
        session.execute("CREATE TABLE fruit (id integer PRIMARY KEY, name text, ripe boolean, weight numeric(8, 2))")
        session.execute("CREATE TABLE crate (place text, number integer, fruits jsonb, PRIMARY KEY (place, number))")
        yield session
        _clean(session)


def _clean(session: psycopg.Connection) -> None:
    session.execute(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database()"
    )
    for (slot,) in session.execute("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"):
        session.execute("SELECT pg_drop_replication_slot(%s)", [slot])
    session.execute(f"DROP PUBLICATION IF EXISTS {SLOT}")
    session.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SLOT)))
    for table in TABLES:
        session.execute(f"DROP TABLE IF EXISTS {table} CASCADE")


@pytest.fixture
def conninfo(owner: psycopg.Connection) -> str:
    return owner.info.dsn


@pytest.fixture
def follow(conninfo: str) -> Iterator[Follow]:
    """Open a feed, as a process does that starts; it is closed with the test, sink and all."""
    with ExitStack() as opened:

        def start(sink: Sink, *, copy: bool = False, tables: tuple[str, ...] = TABLES) -> Feed:
            opened.enter_context(closing(sink))
            source = opened.enter_context(closing(Source(conninfo=conninfo, slot=SLOT, tables=tables)))
            return open_feed(source=source, sink=sink, copy=copy)

        yield start


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.jsonl"


@pytest.fixture
def jsonl(path: Path) -> Iterator[JsonlSink]:
    with closing(JsonlSink(path)) as sink:
        yield sink


def drain(feed: Feed) -> int:
    """Deliver all that is committed by now; return how many commits that were."""
    target = feed.source.end_of_log(flushed=False)
    commits = 0
    while True:
        durable = feed.source.end_of_log()
        delivered = feed.round()
        commits += delivered
        if not delivered and durable >= target:
            return commits


def stream_lines(url: str, stream: str) -> list[str]:
    with redis.Redis.from_url(url.replace("redis+socket://", "unix://"), decode_responses=True) as client:
        return [fields["entry"] for _, fields in client.xrange(stream)]
