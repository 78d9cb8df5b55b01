"""How much waits in the inbox and behind the outbox, and for how long: for whoever watches the service. Reads only.

Every read goes by an index of what is not done: the tables themselves only grow.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from exactly_once.models import HandlerRun, InboxEvent, WebhookDelivery


@dataclass(frozen=True, slots=True)
class InboxFigures:
    """Events of one source that are in one state, and the age in seconds of the oldest."""

    source: str
    state: str
    events: int
    oldest_seconds: float


def inbox(*, now: datetime) -> list[InboxFigures]:
    """Return what has not had its effect: received, parked, and failed (also where nobody tries any more)."""
    waiting = InboxEvent.objects.filter(Q(next_attempt_at__isnull=False) & ~Q(state="failed"))
    failed = InboxEvent.objects.filter(state="failed")
    return [
        InboxFigures(source, state, events, max(0.0, (now - oldest).total_seconds()))
        for found in (waiting, failed)
        for source, state, events, oldest in found.values_list("source", "state")
        .annotate(events=Count("pk"), oldest=Min("received_at"))
        .order_by("source", "state")
    ]


def waiting_runs() -> int:
    """Return how many runs of handlers are due, now or later."""
    return HandlerRun.objects.filter(next_attempt_at__isnull=False).count()


def waiting_deliveries() -> int:
    """Return how many deliveries to merchants' endpoints are due, now or later."""
    return WebhookDelivery.objects.filter(next_attempt_at__isnull=False).count()
