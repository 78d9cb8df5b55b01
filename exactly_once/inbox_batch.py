"""Give many inbox events their effects: those that tell nothing new together, in one commit, the others one by one.

Most of what a PSP reports it has said before, in its answer. Not here: what an event does (inbox.py).
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db.models import OuterRef, Subquery
from django_subatomic.db import durable, transaction
from opentelemetry.trace import SpanKind

from exactly_once import tracing
from exactly_once.inbox import InboxMessage, process
from exactly_once.inbox_subjects import subjects_of
from exactly_once.models import InboxBody, InboxEvent
from exactly_once.prepared import fetch_prepared, integer_array, text_array
from exactly_once.retry import retry_on_conflict

log = structlog.get_logger(__name__)

# Of these messages, the ids of those that have no effect, now and for ever.
type Known = Callable[[Sequence[InboxMessage]], Collection[int]]

# Subjects come as literals of arrays: an array of arrays would have to be a rectangle.
_NOTE_KNOWN = """
UPDATE exactly_once_inboxevent AS e
SET state = 'processed', processed_at = %s, next_attempt_at = NULL, subjects = p.subjects::text []
FROM unnest(%s::bigint [], %s::text []) AS p (id, subjects)
WHERE e.id = p.id
RETURNING e.id
"""

_known: dict[str, Known] = {}


def register_known(source: str, known: Known) -> None:
    """Have ``known`` say which events of ``source`` tell nothing new; it reads only."""
    _known[source] = known


@durable
def process_all(*, event_ids: Sequence[int], now: datetime) -> None:
    """Give each of these events its effect, unless it has had it, is not due, or somebody else is at it."""
    try:
        passed = _pass_what_is_known(event_ids, now)
    except Exception:
        # One of many can have been what it failed at: each goes the long way, which notes of each what is wrong.
        log.exception("inbox.not_passed", inbox_events=len(event_ids))
        passed = set()
    for event_id in event_ids:
        if event_id not in passed:
            process(event_id=event_id, now=now)


@retry_on_conflict
@transaction
def _pass_what_is_known(event_ids: Sequence[int], now: datetime) -> set[int]:
    """Note as processed what has no effect any more; return which those are."""
    # Only at the first attempt, for which a worker was woken: whatever was wrong, the long way says it.
    waiting = InboxEvent.objects.select_for_update(skip_locked=True).filter(
        pk__in=event_ids, state="received", attempts=0, source__in=_known
    )
    bodies = InboxBody.objects.filter(event=OuterRef("pk"), received_at=OuterRef("received_at"))
    events = {event.pk: event for event in waiting.order_by("pk").annotate(kept=Subquery(bodies.values("body")))}
    if not events:
        return set()
    messages = [_message(event, now) for event in events.values() if event.kept is not None]
    known = {each for source in _known for each in _known[source]([one for one in messages if one.source == source])}
    subjects: dict[int, str] = {}
    for message in messages:
        if message.id in known:
            event = events[message.id]
            with tracing.span(f"process {event.source} event", kind=SpanKind.CONSUMER, follows=event.traceparent):
                found = subjects_of(source=event.source, account=event.account, body=message.body)
                subjects[message.id] = text_array(found)
    if subjects:
        fetch_prepared(_NOTE_KNOWN, [now, integer_array([*subjects]), [*subjects.values()]])
    return known


def _message(event: Any, now: datetime) -> InboxMessage:
    return InboxMessage(
        id=event.pk,
        source=event.source,
        account=event.account,
        event_id=event.event_id,
        body=bytes(event.kept),
        received_at=event.received_at,
        now=now,
        generation=event.generation,
    )
