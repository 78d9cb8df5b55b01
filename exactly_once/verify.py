"""What must always be true of keys, inbox and outbox; ``manage.py verify`` asks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Max, Min, Sum
from pgtrigger import registered

from exactly_once import relay
from exactly_once.changefeed.lag import slots
from exactly_once.event_sources import PREFIX, inbox_name
from exactly_once.event_stream import STREAM
from exactly_once.models import (
    ChangeFeed,
    EventTally,
    HandlerRun,
    IdempotencyKey,
    InboxEvent,
    OutboxEvent,
    SinkPosition,
)
from exactly_once.verification import CheckResult

# Longer than any of these takes while the service is healthy: a person should look.
STUCK_AFTER = timedelta(hours=1)


_FROM_THE_FUTURE = """
SELECT o.aggregateid AS name FROM exactly_once_outboxevent AS o
WHERE o.xid >= pg_snapshot_xmax(pg_current_snapshot())
UNION ALL
SELECT 'sink ' || p.sink FROM exactly_once_sinkposition AS p
WHERE p.xid >= pg_snapshot_xmax(pg_current_snapshot())
ORDER BY name
"""

# pgtrigger writes a trigger's hash into its comment.
_STANDING = """
SELECT c.relname, t.tgname, obj_description(t.oid, 'pg_trigger')
FROM pg_trigger AS t
INNER JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE t.tgenabled = 'O' AND NOT t.tgisinternal AND pg_table_is_visible(c.oid)
"""


def checks(*, now: datetime) -> Iterator[CheckResult]:
    """Run every check of this package, as of ``now``."""
    yield _keys_are_answered(now)
    yield _inbox_is_dealt_with(now)
    yield _accepted_events_are_kept()
    yield _versions_have_no_gap()
    yield _outbox_is_delivered(now)
    if settings.EVENT_STREAM_URL:
        yield _stream_is_fed(now)
    yield _nothing_comes_from_the_future()
    yield _handlers_ran(now)
    yield _triggers_stand_guard()
    yield _feeds_are_kept()


def _keys_are_answered(now: datetime) -> CheckResult:
    stuck = IdempotencyKey.objects.filter(state="in_flight", lease_expires_at__lt=now - STUCK_AFTER)
    return CheckResult.of(
        "exactly once: one response per key, none in flight for more than an hour",
        IdempotencyKey.objects.count(),
        list(stuck.values_list("key", flat=True)),
    )


def _inbox_is_dealt_with(now: datetime) -> CheckResult:
    stuck = InboxEvent.objects.exclude(state="processed").filter(received_at__lt=now - STUCK_AFTER)
    return CheckResult.of(
        "exactly once: every inbox event has had its effect, or is younger than an hour",
        InboxEvent.objects.count(),
        list(stuck.values_list("event_id", flat=True)),
    )


def _accepted_events_are_kept() -> CheckResult:
    """Compare what the entrance counted as accepted with the rows: both are written by one statement."""
    # The rows are read after the counts: what comes in between is more rows, never fewer.
    counted = EventTally.objects.values_list("source__name", "account").annotate(Sum("accepted"))
    claims = {(inbox_name(name), account): number for name, account, number in counted}
    events = InboxEvent.objects.filter(source__startswith=PREFIX)
    kept = {
        (source, account): number
        for source, account, number in events.values_list("source", "account").annotate(Count("pk"))
    }
    return CheckResult.of(
        "exactly once: every event that was accepted is kept",
        sum(claims.values()),
        [
            f"{source} {account}"
            for (source, account), number in claims.items()
            if kept.get((source, account), 0) < number
        ],
    )


def _versions_have_no_gap() -> CheckResult:
    aggregates = OutboxEvent.objects.values("aggregatetype", "aggregateid").annotate(
        events=Count("pk"), first=Min("aggregate_version"), last=Max("aggregate_version")
    )
    wrong = aggregates.exclude(first=1, last=F("events"))
    return CheckResult.of(
        "exactly once: the versions of each aggregate's events have no gap",
        OutboxEvent.objects.count(),
        [row["aggregateid"] for row in wrong],
    )


def _outbox_is_delivered(now: datetime) -> CheckResult:
    behind = [f"{sink} {event}" for sink in relay.SINKS for event in relay.overdue(sink=sink, before=now - STUCK_AFTER)]
    return CheckResult.of(
        "exactly once: every committed outbox event has reached its sinks, or is younger than an hour",
        OutboxEvent.objects.count(),
        behind,
    )


def _stream_is_fed(now: datetime) -> CheckResult:
    return CheckResult.of(
        "exactly once: every committed outbox event is in the stream, or is younger than an hour",
        OutboxEvent.objects.count(),
        relay.overdue(sink=STREAM, before=now - STUCK_AFTER),
    )


def _nothing_comes_from_the_future() -> CheckResult:
    """Find transaction ids that this server has yet to give out: rows restored from another one."""
    with connection.cursor() as cursor:
        cursor.execute(_FROM_THE_FUTURE)
        wrong = [row[0] for row in cursor.fetchall()]
    return CheckResult.of(
        "exactly once: outbox and sinks count in this server's transactions",
        OutboxEvent.objects.count() + SinkPosition.objects.count(),
        wrong,
    )


def _handlers_ran(now: datetime) -> CheckResult:
    stuck = HandlerRun.objects.exclude(state="done").filter(event__recorded_at__lt=now - STUCK_AFTER)
    return CheckResult.of(
        "exactly once: every handler has run to its end for every event, or the event is younger than an hour",
        HandlerRun.objects.count(),
        [str(run) for run in stuck],
    )


def _triggers_stand_guard() -> CheckResult:
    """Look whether the database still refuses by itself what our code never asks for, in every package."""
    guards = _guards()
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        standing = set(cursor.fetchall())
    wrong = [name for guard, name in guards.items() if guard not in standing]
    return CheckResult.of("exactly once: every trigger that keeps rows as they are is in place", len(guards), wrong)


@cache
def _guards() -> dict[tuple[str, str, str], str]:
    """Return the name of every trigger by its table, its name there, and pgtrigger's hash of what it does."""
    return {
        (table, trigger.get_pgid(model), trigger.compile(model).hash): f"{trigger.name} of {table}"
        for model, trigger in registered()
        for table in [model._meta.db_table]  # noqa: SLF001 - Django's own documented name
    }


def _feeds_are_kept() -> CheckResult:
    """Look whether the log is still there from where each feed will read on."""
    feeds, kept = list(ChangeFeed.objects.values_list("slot", flat=True)), slots()
    wrong = [
        f"{name} ({kept[name].trouble})" if name in kept else f"{name} (no slot)"
        for name in feeds
        if name not in kept or kept[name].trouble
    ]
    return CheckResult.of("exactly once: the log is kept for every change feed", len(feeds), wrong)
