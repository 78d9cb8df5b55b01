"""Process many inbox events again: after a mended bug, or to see that nothing changes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from exactly_once import inbox
from exactly_once.inbox_preview import Preview, preview
from exactly_once.models import InboxEvent

PAGE = 500  # ids read at once

WAITING = ("received", "parked", "failed")


@dataclass(frozen=True, slots=True)
class EventRange:
    """Which events; None is any. ``since`` is inside the range, ``until`` is not."""

    source: str | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    states: Collection[str] = WAITING


def count(*, chosen: EventRange) -> int:
    """Return how many events that is."""
    return _rows(chosen).count()


def preview_each(*, chosen: EventRange, now: datetime) -> Iterator[Preview]:
    """Say of each event, the oldest first, what processing it would change."""
    for event_id in _ids(chosen):
        yield preview(event_id=event_id, now=now)


def replay_each(*, chosen: EventRange, now: datetime) -> Iterator[tuple[int, str]]:
    """Process each event, the oldest first; return (id, state) one by one, each committed by itself.

    Whoever breaks it off begins again: what is processed already is no longer waiting, and what was processed before
    and is asked for is absorbed by its effects' own keys.
    """
    for event_id in _ids(chosen):
        yield event_id, inbox.process_again(event_id=event_id, now=now)


def _rows(chosen: EventRange) -> QuerySet[InboxEvent]:
    rows = InboxEvent.objects.filter(state__in=chosen.states)
    wanted = {
        "source": chosen.source,
        "account": chosen.account,
        "received_at__gte": chosen.since,
        "received_at__lt": chosen.until,
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def _ids(chosen: EventRange) -> Iterator[int]:
    last = 0
    while page := list(_rows(chosen).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]):
        yield from page
        last = page[-1]
