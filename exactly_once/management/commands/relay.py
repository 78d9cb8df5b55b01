"""``manage.py relay``: carry the outbox to its sinks, for as long as the process lives."""

import signal
import threading
from datetime import UTC, datetime

import structlog
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from exactly_once.relay import BATCH, feed_all

log = structlog.get_logger(__name__)

# How long a committed event waits at most while nothing else comes. One indexed query each time.
POLL_SECONDS = 0.1
# After the database went away.
RECONNECT_SECONDS = 1.0


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
        log.info("relay.started")
        while not stop.is_set():
            try:
                delivered = feed_all(now=datetime.now(UTC))
            except OperationalError as error:
                log.warning("relay.database_away", error=str(error))
                # No request ends here that would drop a dead connection: without this it stays dead.
                close_old_connections()
                stop.wait(RECONNECT_SECONDS)
                continue
            if delivered < BATCH:
                stop.wait(POLL_SECONDS)
        log.info("relay.stopped")
