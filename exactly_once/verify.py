"""What must always be true of keys, inbox and outbox; ``manage.py verify`` asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, Max, Min

from exactly_once import relay
from exactly_once.models import HandlerRun, IdempotencyKey, InboxEvent, OutboxEvent
from exactly_once.verification import CheckResult

# Longer than any of these takes while the service is healthy: a person should look.
STUCK_AFTER = timedelta(hours=1)


def checks() -> Iterator[CheckResult]:
    """Run every check of this package."""
    now = datetime.now(UTC)
    yield _keys_are_answered(now)
    yield _inbox_is_dealt_with(now)
    yield _versions_have_no_gap()
    yield _outbox_is_delivered(now)
    yield _handlers_ran(now)


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
    behind = relay.overdue(sink=relay.HANDLERS, before=now - STUCK_AFTER)
    return CheckResult.of(
        "exactly once: every committed outbox event has reached its sink, or is younger than an hour",
        OutboxEvent.objects.count(),
        behind,
    )


def _handlers_ran(now: datetime) -> CheckResult:
    stuck = HandlerRun.objects.exclude(state="done").filter(event__recorded_at__lt=now - STUCK_AFTER)
    return CheckResult.of(
        "exactly once: every handler has run to its end for every event, or the event is younger than an hour",
        HandlerRun.objects.count(),
        [str(run) for run in stuck],
    )
