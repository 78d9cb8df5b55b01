"""Read the outbox in an order in which no committed row can be missed, and hand it to the sinks.

A row is read only once every transaction that could still commit before it has ended: ``xid`` below the snapshot's
xmin. A cursor on ``seq`` alone would pass over rows whose transaction commits late.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django_subatomic.db import transaction

from exactly_once.models import HandlerRun
from exactly_once.outbox import subscribers
from exactly_once.wake import wake
from exactly_once.webhook_delivery import make_deliveries

BATCH = 500  # events a round: a transaction of a few milliseconds

_POSITION = """
SELECT xid::text AS xid_text, seq FROM exactly_once_sinkposition WHERE sink = %s
"""
_BEGIN = """
INSERT INTO exactly_once_sinkposition (sink) VALUES (%s) ON CONFLICT (sink) DO NOTHING
"""
_LOCK = _POSITION + " FOR UPDATE SKIP LOCKED"
# The order must be the column's: a bare "xid" would mean the output column, which is text, and 1000 < 999 as text.
_READ = """
SELECT o.id, o.type, o.xid::text AS xid_text, o.seq, o.traceparent
FROM exactly_once_outboxevent AS o
WHERE (o.xid, o.seq) > (%s::xid8, %s) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY o.xid, o.seq
LIMIT %s
"""
_ADVANCE = """
UPDATE exactly_once_sinkposition SET xid = %s::xid8, seq = %s, updated_at = now() WHERE sink = %s
"""
# The position is a scalar: the index in commit order is read from there on, and nothing before it.
_AFTER_POSITION = """
FROM exactly_once_outboxevent AS o
WHERE (o.xid, o.seq) > (
    coalesce((SELECT p.xid FROM exactly_once_sinkposition AS p WHERE p.sink = %s), '0'::xid8),
    coalesce((SELECT p.seq FROM exactly_once_sinkposition AS p WHERE p.sink = %s), 0)
)
"""
_LAG = f"SELECT count(*), coalesce(extract(EPOCH FROM clock_timestamp() - min(o.recorded_at)), 0) {_AFTER_POSITION}"  # noqa: S608 - our own constants
_OVERDUE = f"SELECT o.id {_AFTER_POSITION} AND o.recorded_at < %s"

HANDLERS = "handlers"  # the sink that our own Celery handlers are fed from
WEBHOOKS = "webhooks"  # the sink of merchants' endpoints
SINKS = (HANDLERS, WEBHOOKS)

type Events = list[tuple[UUID, str]]
type Due = list[tuple[int, UUID]]  # rows, each with its event


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a sink is behind: in events, and in the age of the oldest of them."""

    events: int
    seconds: float


def feed_all(*, now: datetime, limit: int = BATCH) -> int:
    """Give every sink its next events; return how many the busiest one got."""
    return max(feed_handlers(now=now, limit=limit), feed_webhooks(now=now, limit=limit))


def feed_handlers(*, now: datetime, limit: int = BATCH) -> int:
    """Give the next events to the handlers that subscribe to them; return how many events that were.

    The runs and the position are one commit, so each (event, handler) is due exactly once, whatever dies. Waking a
    worker is only a hint: the sweeper finds what is due.
    """

    def make_due(events: Events) -> Due:
        runs = HandlerRun.objects.bulk_create(
            HandlerRun(handler=name, event_id=event_id, next_attempt_at=now)
            for event_id, event_type in events
            for name in subscribers(event_type)
        )
        return [(run.pk, run.event_id) for run in runs]

    return _feed(HANDLERS, limit, make_due, "exactly_once.run_handler")


def feed_webhooks(*, now: datetime, limit: int = BATCH) -> int:
    """Make the next events due for the endpoints that want them; return how many events that were."""
    return _feed(WEBHOOKS, limit, lambda events: make_deliveries(events=events, now=now), "exactly_once.send_webhook")


def _feed(sink: str, limit: int, make_due: Callable[[Events], Due], task: str) -> int:
    """Read on, write what becomes due and move the position in one commit; then wake a worker for each row."""
    if not _has_news(sink):
        return 0
    with transaction():
        events = _next_events(sink, limit)
        due = make_due([(event_id, event_type) for event_id, event_type, _ in events])
    traceparents = {event_id: traceparent for event_id, _, traceparent in events}
    for row_id, event_id in due:
        wake(task, row_id, follows=traceparents[event_id])
    return len(events)


def _has_news(sink: str) -> bool:
    """Look without a lock: one would cost a transaction id and a write each time that nothing has happened."""
    with connection.cursor() as cursor:
        cursor.execute(_POSITION, [sink])
        cursor.execute(_READ, [*(cursor.fetchone() or ("0", 0)), 1])
        return cursor.fetchone() is not None


def _next_events(sink: str, limit: int) -> list[tuple[UUID, str, str]]:
    """Read (id, type, traceparent) of the next events in commit order and move the sink's position past them.

    While another relay holds the sink, there are none.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [sink])
        cursor.execute(_LOCK, [sink])
        position = cursor.fetchone()
        if position is None:
            return []
        cursor.execute(_READ, [*position, limit])
        rows = cursor.fetchall()
        if rows:
            cursor.execute(_ADVANCE, [rows[-1][2], rows[-1][3], sink])
    return [(row[0], row[1], row[4]) for row in rows]


def behind(*, sink: str) -> int:
    """Return how many committed events the sink has not been given."""
    return lag(sink=sink).events


def lag(*, sink: str) -> Lag:
    """Return how many committed events the sink has not been given, and how old the oldest of them is."""
    with connection.cursor() as cursor:
        cursor.execute(_LAG, [sink, sink])
        events, seconds = cursor.fetchone()
    return Lag(events, float(seconds))


def overdue(*, sink: str, before: datetime) -> list[object]:
    """Return the ids of committed events, recorded before a time, that the sink has not been given."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, [sink, sink, before])
        return [row[0] for row in cursor.fetchall()]
