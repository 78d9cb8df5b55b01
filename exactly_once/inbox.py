"""Take events from outside in once, however often they come, and give each its effect in one transaction."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django_subatomic.db import durable, transaction, transaction_required
from opentelemetry.trace import SpanKind
from psycopg.types.json import Jsonb

from exactly_once import tracing
from exactly_once.backoff import MAX_ATTEMPTS, wait_after
from exactly_once.inbox_subjects import subjects_of
from exactly_once.models import InboxBody, InboxEvent
from exactly_once.prepared import fetch_prepared
from exactly_once.retry import retry_on_conflict

log = structlog.get_logger(__name__)

# The worker that was woken has this long before the sweeper wakes another.
FIRST_ATTEMPT_AFTER = timedelta(seconds=10)
# What may be given its attempts back: the others had their effect, or are on their way to it.
STUCK_STATES = ("parked", "failed")

_RECEIVE = """
WITH received AS (
    INSERT INTO exactly_once_inboxevent AS e (source, account, event_id, received_at, next_attempt_at, traceparent)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (source, account, event_id, generation) DO UPDATE SET deliveries = e.deliveries + 1
    RETURNING id, deliveries, received_at
),

kept AS (
    INSERT INTO exactly_once_inboxbody (event_id, received_at, headers, body)
    SELECT r.id, r.received_at, %s, %s FROM received AS r WHERE r.deliveries = 1
)

SELECT
    r.id,
    r.deliveries,
    -- The count of a known event need not outlive a crash, and so waits for no flush; the event itself was flushed
    -- before anybody could see it.
    CASE WHEN r.deliveries > 1 THEN set_config('synchronous_commit', 'off', true) END
FROM received AS r
"""


class Park(Exception):
    """The event cannot have its effect yet: keep it, show it, try again later."""


class BodyDropped(Exception):
    """The event is known, but what it said is no longer kept."""


@dataclass(frozen=True, slots=True)
class KeptBody:
    """An event's bytes, with the headers that were kept of its request."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """The row of an event; ``duplicate`` where it had come before."""

    id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """An event as its handler sees it.

    ``generation`` counts how often ``event_id`` was taken in anew after its source's window; an effect that is to
    happen each time has it in its key. ``now`` is the time of the effect, as whoever has the event processed reads it.
    """

    id: int
    source: str
    account: str
    event_id: str
    body: bytes
    received_at: datetime
    now: datetime
    generation: int = 0


Handler = Callable[[InboxMessage], None]

_handlers: dict[str, Handler] = {}


def has_handler(source: str) -> bool:
    """Return whether anything in the code handles events of ``source``."""
    return source in _handlers


def register_handler(source: str, handler: Handler) -> None:
    """Have ``handler`` called, inside the inbox's transaction, for every event of ``source``."""
    _handlers[source] = handler


@durable
def receive(
    *, source: str, account: str, event_id: str, headers: dict[str, str], body: bytes, now: datetime
) -> Received:
    """Keep an event, in one statement that commits by itself."""
    due = now + FIRST_ATTEMPT_AFTER
    values = [source, account, event_id, now, due, tracing.traceparent(), Jsonb(headers), body]
    row_id, deliveries, _ = fetch_prepared(_RECEIVE, values)
    return Received(id=row_id, duplicate=deliveries > 1)


def due(*, now: datetime, limit: int) -> list[int]:
    """Return the events that wait for an attempt, the longest waiting first."""
    rows = InboxEvent.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


@durable
def process(*, event_id: int, now: datetime) -> str | None:
    """Give one event its effect; return its state, or None where it is done, not due, or somebody else is at it.

    The row, the handler's effects and the new state are one transaction. What a handler raises undoes it all, and the
    event is tried again: after ``Park`` for as long as it takes, after an error until ``MAX_ATTEMPTS``.
    """
    try:
        return _apply(event_id, now)
    except Park as reason:
        return _postpone(event_id, "parked", str(reason), now)
    except Exception as error:
        log.exception("inbox.failed", inbox_event=event_id)
        return _postpone(event_id, "failed", repr(error), now)


@transaction
def try_again(*, event_ids: Collection[int], now: datetime) -> list[int]:
    """Give parked and failed events all their attempts back, the next one at once; return which those are."""
    waiting = InboxEvent.objects.select_for_update().filter(pk__in=event_ids, state__in=STUCK_STATES)
    events = list(waiting.order_by("pk"))
    for event in events:
        event.state, event.attempts, event.next_attempt_at = "received", 0, now
    InboxEvent.objects.bulk_update(events, ["state", "attempts", "next_attempt_at"])
    return [event.pk for event in events]


@durable
def process_again(*, event_id: int, now: datetime) -> str:
    """Give an event its effect now, whether or not it is due, and also where it has had it; return its state.

    A second time is absorbed by the keys of the effect itself; the row of a processed event stays as it is, also where
    the state that is returned is parked: its handler is not there, or finds it too early now.
    """
    try_again(event_ids=[event_id], now=now)
    try:
        return process(event_id=event_id, now=now) or _repeat(event_id, now)
    except Park as reason:
        log.info("inbox.not_repeated", inbox_event=event_id, reason=str(reason))
        return "parked"


@retry_on_conflict
@transaction
def _repeat(event_id: int, now: datetime) -> str:
    event = InboxEvent.objects.select_for_update().get(pk=event_id)
    if event.state == "processed":
        handle(event=event, now=now)
    return event.state


@transaction_required
def handle(*, event: InboxEvent, now: datetime) -> None:
    """Have the event's handler do its work, in the caller's transaction.

    :raises Park: it cannot have its effect yet, and whatever else the handler raises.
    :raises BodyDropped: it came too long ago.
    """
    _give(event, _message(event, now))


@retry_on_conflict
@transaction
def _apply(event_id: int, now: datetime) -> str | None:
    event = _take(event_id, now)
    if event is None:
        return None
    message = _message(event, now)
    _give(event, message)
    event.state, event.processed_at, event.next_attempt_at = "processed", now, None
    event.subjects = subjects_of(source=event.source, account=event.account, body=message.body)
    event.save(update_fields=["state", "processed_at", "next_attempt_at", "subjects"])
    return event.state


def _give(event: InboxEvent, message: InboxMessage) -> None:
    with tracing.span(f"process {event.source} event", kind=SpanKind.CONSUMER, follows=event.traceparent):
        _handler_of(event.source)(message)


def _handler_of(source: str) -> Handler:
    # It may come with the next release: until then the event waits, and says for what.
    if source not in _handlers:
        raise Park(f"no handler is registered for {source}")
    return _handlers[source]


def _take(event_id: int, now: datetime) -> InboxEvent | None:
    # The first attempt may come before its time: a worker was woken for it. After that a message that comes late or
    # twice must not use up attempts that were meant to be hours apart.
    due = Q(attempts=0) | Q(next_attempt_at__lte=now)
    waiting = InboxEvent.objects.select_for_update(skip_locked=True).exclude(state="processed")
    return waiting.filter(due, pk=event_id).first()


def _message(event: InboxEvent, now: datetime) -> InboxMessage:
    return InboxMessage(
        id=event.pk,
        source=event.source,
        account=event.account,
        event_id=event.event_id,
        body=read_body(event=event).body,
        received_at=event.received_at,
        now=now,
        generation=event.generation,
    )


def read_body(*, event: InboxEvent) -> KeptBody:
    """Return an event's bytes and headers as they came.

    :raises BodyDropped: they came so long ago that they are no longer kept.
    """
    kept = InboxBody.objects.filter(event=event, received_at=event.received_at).first()
    if kept is None:
        raise BodyDropped(f"{event} came on {event.received_at:%Y-%m-%d}: its body is no longer kept")
    return KeptBody(headers=kept.headers, body=bytes(kept.body))


def _postpone(event_id: int, state: str, reason: str, now: datetime) -> str:
    """Note why, and when to try again."""
    with transaction():
        event = InboxEvent.objects.select_for_update().get(pk=event_id)
        if event.state == "processed":
            return event.state
        event.state, event.last_error = state, _storable(reason)[:2000]
        event.attempts += 1
        give_up = state == "failed" and event.attempts >= MAX_ATTEMPTS
        event.next_attempt_at = None if give_up else now + wait_after(attempts=event.attempts)
        # What has had no effect yet is looked for all the more.
        with suppress(BodyDropped):
            body = read_body(event=event).body
            event.subjects = subjects_of(source=event.source, account=event.account, body=body)
        event.save(update_fields=["state", "last_error", "attempts", "next_attempt_at", "subjects"])
    return state


def _storable(reason: str) -> str:
    # It may name an id of a stranger's, with what PostgreSQL cannot keep.
    return reason.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def open_count() -> int:
    """Return how many events have not had their effect."""
    return InboxEvent.objects.exclude(state="processed").count()
