"""Whose an event is: an endpoint hears only of what belongs to its client. Lower packages ask; upper ones know."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from exactly_once.models import OutboxEvent

# From the payloads of events, by event id, to their API clients.
type Owners = Callable[[Mapping[UUID, dict[str, Any]]], Mapping[UUID, str]]

_owners: dict[str, Owners] = {}


def register_owners(aggregatetype: str, owners: Owners) -> None:
    """Have ``owners`` say, for events of one type of aggregate, to which API client each belongs."""
    _owners[aggregatetype] = owners


def owners_of(*, event_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the client of each event. One that is missing here is nobody's, and no endpoint hears of it."""
    asked: dict[Owners, dict[UUID, dict[str, Any]]] = {}
    for event in OutboxEvent.objects.filter(pk__in=event_ids, aggregatetype__in=list(_owners)):
        asked.setdefault(_owners[event.aggregatetype], {})[event.pk] = event.payload
    return {event_id: client for owners, theirs in asked.items() for event_id, client in owners(theirs).items()}
