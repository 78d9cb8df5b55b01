"""The change feed as a process that dies: it copies three tables, somebody sells, and it carries what that changed."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from psycopg.errors import ObjectInUse

from exactly_once.changefeed.entries import Sink
from exactly_once.changefeed.follow import Feed, open_feed
from exactly_once.changefeed.sinks.opening import open_sink
from exactly_once.changefeed.source import Source
from tests.crash.state import plain
from tests.exactly_once.changefeed.fold import file_rows, table_rows

SLOT = "crash_feed"
TABLES = ("checkout_order", "checkout_orderline", "checkout_stockitem")
CHANGES_PER_ROUND = 1  # a commit is never divided, but each has a round of its own
PATIENCE_SECONDS = 10.0


def follow(*, sink: str, meanwhile: Callable[[], None]) -> None:
    """Carry all that there is, let something happen, and carry that.

    :param sink: ``jsonl`` or ``postgres``.
    """
    with _opened(sink) as feed:
        _drain(feed)
        meanwhile()
        _drain(feed)


def told(*, sink: str) -> tuple[list[str], list[str]]:
    """Return what the sink has, entry by entry or row by row, and in which tables that is not what the source has."""
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as session:
        source = {table: table_rows(session, table) for table in TABLES}
        if sink == "jsonl":
            found = {table: file_rows(_file(), table) for table in TABLES}
            entries = [plain(line) for line in _changes()]
        else:
            found = {table: table_rows(session, table, schema=SLOT) for table in TABLES}
            entries = [plain(json.dumps(row, sort_keys=True)) for table in TABLES for row in found[table]]
    return entries, [f"the sink's {table}: {found[table]}" for table in TABLES if found[table] != source[table]]


def _drain(feed: Feed) -> None:
    while feed.round(limit=CHANGES_PER_ROUND):
        pass


@contextmanager
def _opened(kind: str) -> Iterator[Feed]:
    spec = f"jsonl:{_file()}" if kind == "jsonl" else "postgres:"
    url = settings.DATABASE_OWNER_URL
    with ExitStack() as opened:
        sink = opened.enter_context(closing(open_sink(spec=spec, slot=SLOT, valkey_url="", postgres_url=url)))
        source = opened.enter_context(closing(Source(conninfo=url, slot=SLOT, tables=TABLES)))
        yield _open(source, sink)


def _open(source: Source, sink: Sink) -> Feed:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return open_feed(source=source, sink=sink, copy=True)
        except ObjectInUse:  # the session of the one that died
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _file() -> Path:
    path: Path = settings.STATE_DIR / "feed.jsonl"
    return path


def _changes() -> Iterator[str]:
    """Yield the entries of the file, each with its place in its commit, but not where in the log that was."""
    with _file().open() as file:
        for line in map(json.loads, file):
            if line["kind"] != "position":
                yield json.dumps({name: value for name, value in line.items() if name not in {"lsn", "committed_at"}})
