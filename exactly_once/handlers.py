"""Run the handlers of outbox events, each to its end, with tries until then."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import batched
from time import monotonic

import structlog
from django_subatomic.db import durable, transaction

from exactly_once import tracing
from exactly_once.backoff import MAX_ATTEMPTS, wait_after
from exactly_once.event_types import UnknownVersionError, published_version, upcast
from exactly_once.models import HandlerRun
from exactly_once.outbox import OutboxMessage, subscribers
from exactly_once.prepared import integer_array
from exactly_once.retry import retry_on_conflict
from exactly_once.together import Write, write_together

log = structlog.get_logger(__name__)

# How long a run belongs to whoever has begun it: longer than a task may live (CELERY_TASK_TIME_LIMIT), so that whoever
# takes it over is alone.
LEASE = timedelta(minutes=2)
# Runs are claimed by so many: if their worker dies, those that had not begun wait for the lease, and those that were
# done and not noted are done again.
CLAIMED_TOGETHER = 5
# What is done is noted no later than this after the note before, by then with what else is.
NOTED_WITHIN_SECONDS = 1
# After that no further one is begun; the sweeper finds the rest. Well below CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT: then a
# worker that was told to stop is killed, and notes nothing any more.
TIME_TOGETHER_SECONDS = 3
# How soon an event of a version that we do not know is looked at again: a deployment takes minutes.
PARKED_FOR = timedelta(minutes=5)
OPEN_STATES = ("pending", "parked")
STUCK_STATES = ("failed", "parked")

# Moves their due times past the lease.
_CLAIM = """
UPDATE exactly_once_handlerrun SET attempts = attempts + 1, next_attempt_at = %s
WHERE id = ANY(%s::bigint []) AND next_attempt_at <= %s AND attempts < %s
RETURNING id
"""
# Nobody noted how its last attempt ended: each time its worker died with it.
_GIVE_UP = """
UPDATE exactly_once_handlerrun
SET state = 'failed', next_attempt_at = NULL, last_error = 'No attempt came to an end: the worker died.'
WHERE id = ANY(%s::bigint []) AND next_attempt_at <= %s AND attempts >= %s
RETURNING id
"""
# The number of the attempt is the fence.
_NOTE_DONE = """
UPDATE exactly_once_handlerrun AS r SET state = 'done', done_at = d.done_at, next_attempt_at = NULL
FROM unnest(%s::bigint [], %s::integer [], %s::timestamptz []) AS d (id, attempts, done_at)
WHERE r.id = d.id AND r.attempts = d.attempts AND r.state IN ('pending', 'parked')
RETURNING r.id
"""


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
    keys. A crash between what it does and our note of it runs it again: outside, that is at least once. What one note
    is for, a crash runs again together.
    """
    batch = _Batch(now)
    try:
        for some in batched(sorted(set(run_ids)), CLAIMED_TOGETHER):
            if batch.is_over():
                break
            batch.run(some)
    finally:
        batch.note()
    return batch.noted


class _Batch:
    """What one worker does one after the other: what time it is, and what is done but not noted."""

    def __init__(self, now: datetime) -> None:
        self._now, self._begun = now, monotonic()
        self._done: list[HandlerRun] = []
        self._note_due: float = NOTED_WITHIN_SECONDS
        self.noted = 0

    def is_over(self) -> bool:
        return self._elapsed() > TIME_TOGETHER_SECONDS

    def run(self, run_ids: Collection[int]) -> None:
        claimed, noted = _claim(run_ids, self._done, self._time())
        self._has_noted(noted)
        for run in claimed:
            if self.is_over():
                _note(run, attempts=run.attempts - 1, next_attempt_at=self._time())
            elif _run(run, self._time):
                run.done_at = self._time()
                self._done.append(run)
                if self._elapsed() > self._note_due:
                    self.note()

    def note(self) -> None:
        if self._done:
            self._has_noted(_note_done(self._done))

    def _has_noted(self, noted: int) -> None:
        self.noted += noted
        self._done = []
        self._note_due = self._elapsed() + NOTED_WITHIN_SECONDS

    def _elapsed(self) -> float:
        return monotonic() - self._begun

    def _time(self) -> datetime:
        return self._now + timedelta(seconds=self._elapsed())


def _run(run: HandlerRun, time: Callable[[], datetime]) -> bool:
    """Run a handler that is claimed; note why it did not do, and return whether it did."""
    try:
        with tracing.span(f"handle {run.event.type}", follows=run.event.traceparent) as span:
            span.set_attribute("tally.handler", run.handler)
            subscribers(run.event.type)[run.handler](_message(run))
    except UnknownVersionError as reason:
        log.warning("handler.parked", run=run.pk, handler=run.handler, reason=str(reason))
        # No attempt: its handler was not asked.
        again_at = time() + PARKED_FOR
        _note(run, state="parked", attempts=run.attempts - 1, next_attempt_at=again_at, last_error=str(reason))
        return False
    except Exception as error:
        log.exception("handler.failed", run=run.pk, handler=run.handler)
        give_up = run.attempts >= MAX_ATTEMPTS
        _note(
            run,
            state="failed" if give_up else "pending",
            next_attempt_at=None if give_up else time() + wait_after(attempts=run.attempts),
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
def _claim(run_ids: Collection[int], done: Sequence[HandlerRun], now: datetime) -> tuple[list[HandlerRun], int]:
    """Take runs by moving their due times past the lease: whoever comes before then finds nothing to do.

    In the same statement it is written which others are done; returns how many were so in time, as well.
    """
    asked = integer_array([*run_ids]), now, MAX_ATTEMPTS
    claim = Write(_CLAIM, (now + LEASE, *asked))
    given_up, claimed, noted = write_together(Write(_GIVE_UP, asked), claim, _noting_done(done))
    for run_id in given_up:
        log.error("handler.given_up", run=run_id)
    # Still locked by our own update: the numbers of attempts are ours.
    mine = HandlerRun.objects.select_related("event").filter(pk__in=claimed)
    return list(mine.order_by("pk")) if claimed else [], len(noted)


@transaction
def _note(run: HandlerRun, **columns: object) -> None:
    """Write how the attempt ended, unless a later one has begun."""
    HandlerRun.objects.filter(pk=run.pk, state__in=OPEN_STATES, attempts=run.attempts).update(**columns)


@transaction
def _note_done(runs: Sequence[HandlerRun]) -> int:
    """Write that these did what they were to; return how many did so in time."""
    (noted,) = write_together(_noting_done(runs))
    return len(noted)


def _noting_done(runs: Sequence[HandlerRun]) -> Write:
    columns = [run.pk for run in runs], [run.attempts for run in runs], [run.done_at for run in runs]
    return Write(_NOTE_DONE, columns)


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
