"""``manage.py relay``: carry the outbox to its sinks, for as long as the process lives."""

import signal
import threading
import time
from datetime import UTC, datetime

import redis
import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from exactly_once.event_stream import StreamAheadError, configured_stream
from exactly_once.relay import BATCH, feed_all

log = structlog.get_logger(__name__)

# How long a committed event waits at most while nothing else comes. Its mail waits longer; and what is carried together
# costs as many commits as one event.
POLL_SECONDS = 0.25
# After the database went away.
RECONNECT_SECONDS = 1.0
# After the stream went away; the other sinks are fed meanwhile.
STREAM_AWAY_SECONDS = 5.0


class Command(BaseCommand):
    """Run the relay."""

    # The models and addresses were checked when the database was migrated; a service that restarts has no time for it.
    requires_system_checks = ()
    help = "Carry outbox events to their sinks until stopped. Several may run: they take turns."

    def handle(self, *_args: object, **_options: object) -> None:
        """Deliver until SIGTERM or SIGINT; a batch under way is finished first."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        stream = Stream()
        log.info("relay.started")
        while not stop.is_set():
            try:
                delivered = max(feed_all(now=datetime.now(UTC)), stream.feed())
            except OperationalError as error:
                log.warning("relay.database_away", error=str(error))
                # No request ends here that would drop a dead connection: without this it stays dead.
                close_old_connections()
                stop.wait(RECONNECT_SECONDS)
                continue
            if delivered < BATCH:
                stop.wait(POLL_SECONDS)
        log.info("relay.stopped")


class Stream:
    """The stream of the settings, if there is one; while it is away or another's, it is left alone for a while."""

    def __init__(self) -> None:
        self._stream = configured_stream() if settings.EVENT_STREAM_URL else None
        self._not_before = 0.0

    def feed(self) -> int:
        """Add the next events; return how many that were."""
        if self._stream is None or time.monotonic() < self._not_before:
            return 0
        try:
            return self._stream.feed()
        except (redis.RedisError, StreamAheadError) as error:
            log.warning("relay.stream_away", error=str(error))
            self._not_before = time.monotonic() + STREAM_AWAY_SECONDS
            return 0
