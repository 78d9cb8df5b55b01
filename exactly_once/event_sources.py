"""Who may send events, and how many of them came. Taking them in is entrance.py's business."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from exactly_once.errors import NotFound, Refused
from exactly_once.event_keys import KeyRule
from exactly_once.models import EventSource

# What the inbox calls a source of events, so that it is none of the PSPs'.
PREFIX = "events:"

TALLIED = ("accepted", "duplicates", "conflicts", "invalid")


@dataclass(frozen=True, slots=True)
class Source:
    """A source as the entrance needs it; ``inbox_name`` is its name in the inbox."""

    id: int
    inbox_name: str
    has_handler: bool
    rule: KeyRule
    window: timedelta | None
    schema: dict[str, Any] | None


def open_source(*, name: str) -> Source:
    """Return a source that takes events.

    :raises NotFound: ``event_source_not_found``.
    :raises Refused: ``event_source_disabled``.
    """
    row = source(name=name)
    if not row.enabled:
        raise Refused(code="event_source_disabled", detail=f"The source {name} takes no events at present.")
    return Source(
        id=row.pk,
        inbox_name=inbox_name(name),
        has_handler=row.has_handler,
        rule=KeyRule(by_content=row.key_by == "content", pointers=tuple(row.key_pointers)),
        window=row.window,
        schema=row.schema,
    )


def source(*, name: str, rows: QuerySet[EventSource] | None = None) -> EventSource:
    """Return a source's row, of ``rows`` where there is more to know about it.

    :raises NotFound: ``event_source_not_found``.
    """
    row = (EventSource.objects.all() if rows is None else rows).filter(name=name).first()
    if row is None:
        raise NotFound(code="event_source_not_found", detail=f"There is no event source {name!r}.")
    return row


def inbox_name(name: str) -> str:
    """Return what the inbox, and `register_handler`, call a source of events."""
    return PREFIX + name


def with_counts(*, account: str | None = None) -> QuerySet[EventSource]:
    """Return the sources with how many of their events were accepted, duplicates, conflicts and invalid.

    :param account: count only what this API client sent.
    """
    mine = Q() if account is None else Q(tallies__account=account)
    counts = {name: Coalesce(Sum(f"tallies__{name}", filter=mine), 0) for name in TALLIED}
    return EventSource.objects.annotate(**counts)
