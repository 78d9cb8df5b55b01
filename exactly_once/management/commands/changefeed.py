"""``manage.py changefeed``: carry the rows of chosen tables to a sink, for as long as the process lives."""

import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg.conninfo import make_conninfo

from exactly_once.changefeed.errors import CannotPublish, FeedStopped, SinkBusy, SlotLost, WrongEpoch
from exactly_once.changefeed.follow import CHANGES_PER_ROUND, Feed, open_feed
from exactly_once.changefeed.lsn import format_lsn
from exactly_once.changefeed.sinks.opening import AWAY, UnknownSink, open_sink
from exactly_once.changefeed.source import Source

log = structlog.get_logger(__name__)

# How long a commit waits at most while nothing else comes. Each look reads the log once from where the slot is.
POLL_SECONDS = 0.2
# After a database or the sink went away.
RECONNECT_SECONDS = 1.0
# How often the lag is logged.
REPORT_SECONDS = 10.0
# With --once: how long to wait for what is away, or for the session of a process that was killed.
PATIENCE_SECONDS = 30.0

# What libpq understands of Django's parameters.
_ADDRESS = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "service")


class Command(BaseCommand):
    """Run a change feed."""

    # The models and addresses were checked when the database was migrated; a service that restarts has no time for it.
    requires_system_checks = ()
    help = "Carry row changes to a sink, each once, until stopped. docs/change-feed.md"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what and where to."""
        parser.add_argument("--slot", required=True, help="the feed's name: of its replication slot and publication")
        parser.add_argument("--tables", default="", help="the tables to follow, separated by commas")
        parser.add_argument("--sink", default="", help="jsonl:PATH, valkey:STREAM or postgres:URL")
        parser.add_argument(
            "--snapshot",
            action="store_true",
            help="begin with a copy of the tables, if the sink is new or cannot be gone on with",
        )
        parser.add_argument("--once", action="store_true", help="end when all that was committed by now is delivered")
        parser.add_argument("--drop", action="store_true", help="end the feed: drop its slot and publication")
        parser.add_argument("--limit", type=int, default=CHANGES_PER_ROUND, help="changes of a round, about")

    def handle(self, *_args: object, **options: Any) -> None:
        """Deliver until SIGTERM or SIGINT; a round under way is finished first."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            if options["drop"]:
                self._drop(options)
            elif not (options["tables"] and options["sink"]):
                raise CommandError("--tables and --sink are needed.", returncode=1)
            else:
                self._run(options, stop)
        except (FeedStopped, UnknownSink) as error:
            raise CommandError(f"{error}\n{_advice(error, options)}".strip(), returncode=1) from error

    def _drop(self, options: dict[str, Any]) -> None:
        source = Source(conninfo=_conninfo(), slot=options["slot"], tables=())
        source.drop()
        source.close()
        self.stdout.write(f"The slot {options['slot']} and its publication are gone.")

    def _run(self, options: dict[str, Any], stop: threading.Event) -> None:
        """Follow; open all anew when something went away, as the sink then may or may not have the last round."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not stop.is_set():
            try:
                with _opened(options) as feed:
                    self._follow(feed, options, stop)
                    stop.set()
            except AWAY as error:
                log.warning("changefeed.away", slot=options["slot"], error=str(error).strip())
                if options["once"] and time.monotonic() > deadline:
                    raise CommandError(f"Still away: {error}", returncode=1) from error
                stop.wait(RECONNECT_SECONDS)

    def _follow(self, feed: Feed, options: dict[str, Any], stop: threading.Event) -> None:
        target = feed.source.end_of_log(flushed=False)
        log.info("changefeed.started", slot=feed.source.slot, lsn=format_lsn(feed.state.lsn))
        reported = time.monotonic()
        while not stop.is_set():
            durable = feed.source.end_of_log()
            given = feed.round(limit=options["limit"])
            if options["once"] and (feed.state.lsn >= target or (not given and durable >= target)):
                break
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                log.info("changefeed.position", **feed.position())
            if not given:
                stop.wait(POLL_SECONDS)
        report = ", ".join(f"{name} {value}" for name, value in feed.position().items())
        self.stdout.write(f"changefeed: {report}")


@contextmanager
def _opened(options: dict[str, Any]) -> Iterator[Feed]:
    """Open sink and source, go on or start, and close both again."""
    sink = open_sink(
        spec=options["sink"],
        slot=options["slot"],
        valkey_url=settings.CHANGEFEED_VALKEY_URL,
        postgres_url=settings.CHANGEFEED_POSTGRES_URL,
    )
    with ExitStack() as opened:
        opened.enter_context(closing(sink))
        source = Source(conninfo=_conninfo(), slot=options["slot"], tables=_tables(options))
        opened.enter_context(closing(source))
        yield open_feed(source=source, sink=sink, copy=options["snapshot"])


def _tables(options: dict[str, Any]) -> list[str]:
    return [table.strip() for table in options["tables"].split(",")]


def _conninfo() -> str:
    """Return the address of the one database: replication needs a connection that Django does not manage."""
    parameters = connection.get_connection_params()
    return make_conninfo(**{name: parameters[name] for name in _ADDRESS if name in parameters})


def _advice(error: Exception, options: dict[str, Any]) -> str:
    """Return the commands that start the feed again with a new copy, where that is what helps."""
    if isinstance(error, CannotPublish | SinkBusy | UnknownSink):
        return ""
    kind = options["sink"].partition(":")[0]
    # An address may hold a password.
    sink = "postgres:URL" if kind == "postgres" else options["sink"]
    command = f"manage.py changefeed --slot {options['slot']}"
    drop = "" if isinstance(error, SlotLost | WrongEpoch) else f"{command} --drop && "
    return (
        "What the sink lacks can no longer be told from the log. Replace what it holds by a new snapshot:\n"
        f"  {drop}{command} --tables {','.join(_tables(options))} --sink {sink} --snapshot"
    )
