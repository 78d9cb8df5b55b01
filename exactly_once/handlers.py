"""Run the handlers of outbox events, each to its end, with tries until then."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.db.models import F
from django_subatomic.db import durable, transaction

from exactly_once import tracing
from exactly_once.backoff import MAX_ATTEMPTS, wait_after
from exactly_once.event_types import UnknownVersionError, published_version, upcast
from exactly_once.models import HandlerRun
from exactly_once.outbox import OutboxMessage, subscribers
from exactly_once.retry import retry_on_conflict
from exactly_once.together import Write, update, write_together

log = structlog.get_logger(__name__)

# How long a run belongs to whoever has begun it: longer than a task may live (CELERY_TASK_TIME_LIMIT), so that whoever
# takes it over is alone.
LEASE = timedelta(minutes=2)
# After that, what is left of those that were claimed together is given back: their task may not live for long.
TIME_TOGETHER_SECONDS = 20
# How soon an event of a version that we do not know is looked at again: a deployment takes minutes.
PARKED_FOR = timedelta(minutes=5)
OPEN_STATES = ("pending", "parked")
STUCK_STATES = ("failed", "parked")


def due_runs(*, now: datetime, limit: int) -> list[int]:
    """Return the runs that wait for an attempt, the longest waiting first."""
    rows = HandlerRun.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


@durable
def run_handler(*, run_id: int, now: datetime) -> bool:
    """Run one handler for one event, unless that is done, not due, or somebody is at it; return whether it was done."""
    return run_handlers(run_ids=[run_id], now=now) == 1


@durable
def run_handlers(*, run_ids: Collection[int], now: datetime) -> int:
    """Run handlers, each for its event, but for what is done, not due, or at which somebody is; return how many did.

    A handler runs with no transaction open: it may talk to the outside, and its own writes are guarded by its own
    keys. A crash between what it does and our note of it runs it again: outside, that is at least once. What one claim
    and one note are for, a crash runs again together.
    """
    done: list[HandlerRun] = []
    until = monotonic() + TIME_TOGETHER_SECONDS
    try:
        for run in _claim(run_ids, now):
            if monotonic() > until:
                _note(run, next_attempt_at=now)
            elif _run(run, now):
                done.append(run)
    finally:
        noted = _note_done(done, now) if done else 0
    return noted


def _run(run: HandlerRun, now: datetime) -> bool:
    """Run a handler that is claimed; note why it did not do, and return whether it did."""
    try:
        with tracing.span(f"handle {run.event.type}", follows=run.event.traceparent) as span:
            span.set_attribute("tally.handler", run.handler)
            subscribers(run.event.type)[run.handler](_message(run))
    except UnknownVersionError as reason:
        log.warning("handler.parked", run=run.pk, handler=run.handler, reason=str(reason))
        _note(run, state="parked", next_attempt_at=now + PARKED_FOR, last_error=str(reason))
        return False
    except Exception as error:
        log.exception("handler.failed", run=run.pk, handler=run.handler)
        give_up = run.attempts >= MAX_ATTEMPTS
        _note(
            run,
            state="failed" if give_up else "pending",
            next_attempt_at=None if give_up else now + wait_after(attempts=run.attempts),
            last_error=repr(error)[:2000],
        )
        return False
    return True


@transaction
def try_again(*, run_ids: Collection[int], now: datetime) -> list[int]:
    """Give failed and parked runs all their attempts back, the next one at once; return which those are."""
    waiting = HandlerRun.objects.select_for_update().filter(pk__in=run_ids, state__in=STUCK_STATES)
    runs = list(waiting.order_by("pk"))
    for run in runs:
        run.state, run.attempts, run.next_attempt_at = "pending", 0, now
    HandlerRun.objects.bulk_update(runs, ["state", "attempts", "next_attempt_at"])
    return [run.pk for run in runs]


def open_count() -> int:
    """Return how many runs have not come to their end."""
    return HandlerRun.objects.filter(state__in=OPEN_STATES).count()


@retry_on_conflict
@transaction
def _claim(run_ids: Collection[int], now: datetime) -> list[HandlerRun]:
    """Take runs by moving their due times past the lease: whoever comes before then finds nothing to do."""
    due = HandlerRun.objects.filter(pk__in=run_ids, next_attempt_at__lte=now)
    claim = update(due, {"attempts": F("attempts") + 1, "next_attempt_at": now + LEASE})
    (claimed,) = write_together(claim)
    # Still locked by our own update: the numbers of attempts are ours.
    mine = HandlerRun.objects.select_related("event").filter(pk__in=claimed)
    return list(mine.order_by("pk")) if claimed else []


@transaction
def _note(run: HandlerRun, **columns: object) -> None:
    """Write how the attempt ended, unless a later one has begun."""
    write_together(_noting(run, columns))


@transaction
def _note_done(runs: Sequence[HandlerRun], now: datetime) -> int:
    """Write that these did what they were to; return how many did so in time."""
    columns = {"state": "done", "done_at": now, "next_attempt_at": None}
    return sum(map(len, write_together(*(_noting(run, columns) for run in runs))))


def _noting(run: HandlerRun, columns: Mapping[str, object]) -> Write:
    # The number of the attempt is the fence.
    mine = HandlerRun.objects.filter(pk=run.pk, state__in=OPEN_STATES, attempts=run.attempts)
    return update(mine, columns)


def _message(run: HandlerRun) -> OutboxMessage:
    event = run.event
    payload = upcast(type=event.type, version=event.schema_version, payload=event.payload)
    return OutboxMessage(
        id=event.pk,
        aggregatetype=event.aggregatetype,
        aggregateid=event.aggregateid,
        aggregate_version=event.aggregate_version,
        type=event.type,
        schema_version=published_version(event.type),
        payload=payload,
        occurred_at=event.occurred_at,
    )
