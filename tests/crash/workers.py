"""Beat, worker and relay of the service in one process, one after the other: the same tasks, the same broker."""

from contextlib import closing
from datetime import UTC, datetime
from queue import Empty
from typing import Any

from config.celery import app
from config.sweeps import SWEEPS
from exactly_once.event_stream import configured_stream
from exactly_once.relay import BATCH, feed_all

# What a PSP has settled is read every quarter of an hour. Here it would come at another point of each run, with a PSP's
# fees, and make good what a scenario is to show.
LEFT_OUT = {"payments.import_settlement"}


def sweep() -> None:
    """Do what beat wakes a worker for, all of it once."""
    for name in SWEEPS:
        if name not in LEFT_OUT:
            app.tasks[name]()


def work() -> None:
    """Run the task of every message that waits, and of those that come of it; acknowledge each when it has ended."""
    connection: Any = app.connection_for_read()
    with connection, connection.SimpleQueue(app.conf.task_default_queue) as queue:
        while True:
            try:
                message = queue.get_nowait()
            except Empty:
                return
            app.tasks[message.headers["task"]](*message.payload[0])
            message.ack()


def relay(*, limit: int = BATCH) -> None:
    """Carry the outbox to its sinks, so many events a round, until nothing is left."""
    with closing(configured_stream()) as stream:
        while max(feed_all(now=datetime.now(UTC), limit=limit), stream.feed(limit=limit)):
            work()
