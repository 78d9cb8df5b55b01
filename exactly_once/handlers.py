"""Run the handlers of outbox events, each to its end once, with tries until then."""

from datetime import datetime

import structlog
from django.db.models import F, Q
from django_subatomic.db import durable, transaction

from exactly_once.backoff import MAX_ATTEMPTS, wait_after
from exactly_once.models import HandlerRun
from exactly_once.outbox import OutboxMessage, subscribers

log = structlog.get_logger(__name__)


def due_runs(*, now: datetime, limit: int) -> list[int]:
    """Return the runs that wait for an attempt, the longest waiting first."""
    rows = HandlerRun.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


@durable
def run_handler(*, run_id: int, now: datetime) -> bool:
    """Run one handler for one event, unless that is done or somebody is at it; return whether it ran to its end.

    The handler runs with no transaction open: it may talk to the outside, and its own writes are guarded by its own
    keys. What it does outside happens at least once: a crash right after it runs it again.
    """
    if not _claim(run_id, now):
        return False
    run = HandlerRun.objects.select_related("event").get(pk=run_id)
    try:
        subscribers(run.event.type)[run.handler](_message(run))
    except Exception as error:
        log.exception("handler.failed", run=run_id, handler=run.handler)
        give_up = run.attempts >= MAX_ATTEMPTS
        _note(run_id, state="failed" if give_up else "pending", last_error=repr(error)[:2000])
        return False
    _note(run_id, state="done", done_at=now, next_attempt_at=None)
    return True


def _claim(run_id: int, now: datetime) -> bool:
    """Take the run by moving its due time: whoever comes before then finds nothing to do."""
    with transaction():
        run = HandlerRun.objects.filter(pk=run_id).first()
        if run is None:
            return False
        claimed = HandlerRun.objects.filter(
            Q(pk=run_id, state="pending", next_attempt_at__lte=now, attempts=run.attempts)
        ).update(attempts=F("attempts") + 1, next_attempt_at=now + wait_after(attempts=run.attempts + 1))
    return claimed == 1


def _note(run_id: int, **columns: object) -> None:
    if columns["state"] == "failed":
        columns["next_attempt_at"] = None
    with transaction():
        HandlerRun.objects.filter(pk=run_id, state="pending").update(**columns)


def _message(run: HandlerRun) -> OutboxMessage:
    event = run.event
    return OutboxMessage(
        id=event.pk,
        aggregatetype=event.aggregatetype,
        aggregateid=event.aggregateid,
        aggregate_version=event.aggregate_version,
        type=event.type,
        schema_version=event.schema_version,
        payload=event.payload,
        occurred_at=event.occurred_at,
    )


def open_count() -> int:
    """Return how many runs have not come to their end."""
    return HandlerRun.objects.filter(state="pending").count()
