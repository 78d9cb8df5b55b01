"""Read the outbox in an order in which no committed row can be missed, and hand it to the sinks.

A row is read only once every transaction that could still commit before it has ended: ``xid`` below the snapshot's
xmin. A cursor on ``seq`` alone would pass over rows whose transaction commits late.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connection
from django_subatomic.db import transaction

from exactly_once.outbox import subscribers
from exactly_once.together import Write, write_together
from exactly_once.wake import wake
from exactly_once.webhook_delivery import make_deliveries

BATCH = 500  # events a round: a transaction of a few milliseconds
RUNS_PER_MESSAGE = 20  # handlers that one worker runs: seconds where each sends a mail

_BEGIN = """
INSERT INTO exactly_once_sinkposition (sink) VALUES (%s) ON CONFLICT (sink) DO NOTHING
"""
# Where another relay has moved the position since our snapshot, the lock shows it, and we read what is left of our
# snapshot behind it. The order must be the column's: a bare "xid" would mean the output column, which is text, and
# 1000 < 999 as text.
_READ = """
WITH held AS MATERIALIZED (
    SELECT p.xid, p.seq FROM exactly_once_sinkposition AS p WHERE p.sink = %s FOR UPDATE SKIP LOCKED
)

SELECT e.id, e.type, e.xid::text AS xid_text, e.seq, e.traceparent
FROM held AS h
CROSS JOIN LATERAL (
    SELECT o.id, o.type, o.xid, o.seq, o.traceparent
    FROM exactly_once_outboxevent AS o
    WHERE (o.xid, o.seq) > (h.xid, h.seq) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY o.xid, o.seq
    LIMIT %s
) AS e
ORDER BY e.xid, e.seq
"""
_ADVANCE = """
UPDATE exactly_once_sinkposition SET xid = %s::xid8, seq = %s, updated_at = now() WHERE sink = %s RETURNING sink
"""
# Keys are given in the order of the rows.
_MAKE_DUE = """
INSERT INTO exactly_once_handlerrun (handler, event_id, next_attempt_at)
SELECT d.handler, d.event_id, %s
FROM unnest(%s::text [], %s::uuid []) WITH ORDINALITY AS d (handler, event_id, place)
ORDER BY d.place
RETURNING id
"""
_POSITION = "SELECT p.xid::text, p.seq FROM exactly_once_sinkposition AS p WHERE p.sink = %s"
# The position is read before, and stands here as two constants: the planner sees how few events are behind it. It takes
# what a subquery would say for a third of the table, and reads all of it.
_AFTER_POSITION = "FROM exactly_once_outboxevent AS o WHERE (o.xid, o.seq) > (%s::xid8, %s)"
_LAG = f"SELECT count(*), coalesce(extract(EPOCH FROM clock_timestamp() - min(o.recorded_at)), 0) {_AFTER_POSITION}"  # noqa: S608 - our own constants
_OVERDUE = f"SELECT o.id {_AFTER_POSITION} AND o.recorded_at < %s"

# One round trip, so with a subquery. The first in order comes from the index, however many are expected; EXISTS would
# forget the order.
_NEWS = """
SELECT true FROM exactly_once_outboxevent AS o
WHERE
    (o.xid, o.seq) > (
        coalesce((SELECT p.xid FROM exactly_once_sinkposition AS p WHERE p.sink = %s), '0'::xid8),
        coalesce((SELECT p.seq FROM exactly_once_sinkposition AS p WHERE p.sink = %s), 0)
    )
    AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY o.xid, o.seq
LIMIT 1
"""

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
    feeds = {HANDLERS: _feed_handlers, WEBHOOKS: _feed_webhooks}
    return max([feeds[sink](now, limit) for sink in _with_news(*feeds)], default=0)


def feed_handlers(*, now: datetime, limit: int = BATCH) -> int:
    """Give the next events to the handlers that subscribe to them; return how many events that were.

    The runs and the position are one commit, so each (event, handler) is due exactly once, whatever dies. Waking a
    worker is only a hint: the sweeper finds what is due.
    """
    return _feed_handlers(now, limit) if _with_news(HANDLERS) else 0


def feed_webhooks(*, now: datetime, limit: int = BATCH) -> int:
    """Make the next events due for the endpoints that want them; return how many events that were."""
    return _feed_webhooks(now, limit) if _with_news(WEBHOOKS) else 0


def _feed_handlers(now: datetime, limit: int) -> int:
    def make_due(events: Events, beside: Sequence[Write]) -> Due:
        runs = [(name, event_id) for event_id, event_type in events for name in subscribers(event_type)]
        handlers, of_events = [name for name, _ in runs], [event_id for _, event_id in runs]
        run_ids, *_ = write_together(Write(_MAKE_DUE, (now, handlers, of_events)), *beside)
        return list(zip(run_ids, of_events, strict=True))

    return _feed(HANDLERS, limit, make_due, _wake_for_handlers)


def _wake_for_handlers(due: Due, traceparents: Mapping[UUID, str]) -> None:
    """Wake a worker for one run, in its event's trace, or for several at once."""
    if len(due) == 1:
        ((run_id, event_id),) = due
        wake("exactly_once.run_handler", run_id, follows=traceparents[event_id])
        return
    for some in batched(due, RUNS_PER_MESSAGE):
        wake("exactly_once.run_handlers", *(run_id for run_id, _ in some))


def _feed_webhooks(now: datetime, limit: int) -> int:
    def make_due(events: Events, beside: Sequence[Write]) -> Due:
        write_together(*beside)
        return make_deliveries(events=events, now=now)

    def wake_each(due: Due, traceparents: Mapping[UUID, str]) -> None:
        for delivery_id, event_id in due:
            wake("exactly_once.send_webhook", delivery_id, follows=traceparents[event_id])

    return _feed(WEBHOOKS, limit, make_due, wake_each)


def _feed(
    sink: str,
    limit: int,
    make_due: Callable[[Events, Sequence[Write]], Due],
    wake_for: Callable[[Due, Mapping[UUID, str]], None],
) -> int:
    """Read on, write what becomes due and move the position in one commit; then wake workers.

    While another relay holds the sink, there is nothing to read.
    """
    with transaction():
        rows = _read(sink, limit)
        if not rows:
            return 0
        *_, (_, _, xid, seq, _) = rows
        moved = Write(_ADVANCE, (xid, seq, sink))
        due = make_due([(event_id, event_type) for event_id, event_type, *_ in rows], [moved])
    wake_for(due, {event_id: traceparent for event_id, *_, traceparent in rows})
    return len(rows)


def _with_news(*sinks: str) -> list[str]:
    """Look without a lock: one would cost a transaction id and a write each time that nothing has happened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"({_NEWS})" for _ in sinks), [name for sink in sinks for name in (sink, sink)]
        )
        return [sink for sink, has_news in zip(sinks, cursor.fetchone(), strict=True) if has_news]


def _read(sink: str, limit: int) -> list[tuple[UUID, str, str, int, str]]:
    """Lock the sink's position and read (id, type, xid, seq, traceparent) of the events after it, in commit order."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [sink, limit])
        rows: list[tuple[UUID, str, str, int, str]] = cursor.fetchall()
        if rows:
            return rows
        cursor.execute(_BEGIN, [sink])
        if cursor.rowcount:  # the first time
            cursor.execute(_READ, [sink, limit])
            rows = cursor.fetchall()
    return rows


def behind(*, sink: str) -> int:
    """Return how many committed events the sink has not been given."""
    return lag(sink=sink).events


def lag(*, sink: str) -> Lag:
    """Return how many committed events the sink has not been given, and how old the oldest of them is."""
    with connection.cursor() as cursor:
        cursor.execute(_LAG, _position(cursor, sink))
        events, seconds = cursor.fetchone()
    return Lag(events, float(seconds))


def overdue(*, sink: str, before: datetime) -> list[object]:
    """Return the ids of committed events, recorded before a time, that the sink has not been given."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, [*_position(cursor, sink), before])
        return [row[0] for row in cursor.fetchall()]


def _position(cursor: Any, sink: str) -> tuple[str, int]:
    """Return how far a sink has read, before every event where it has read none."""
    cursor.execute(_POSITION, [sink])
    return cursor.fetchone() or ("0", 0)
