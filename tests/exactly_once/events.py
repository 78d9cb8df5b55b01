"""Sources and senders of events."""

import json
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse

from exactly_once import entrance, event_sources, inbox
from exactly_once.entrance import SentEvent, Taken
from exactly_once.ijson import Document, read
from exactly_once.models import EventSource, InboxEvent
from tests.api import Api

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def make_source(name: str = "parcels", **columns: Any) -> EventSource:
    return EventSource.objects.create(name=name, **columns)


def sender(*, client: str = "cli_test") -> Api:
    return Api("events:write", "events:read", client=client)


def send(api: Api, event: object, source: str = "parcels") -> HttpResponse:
    return api.request("POST", f"/api/v1/events/{source}", event)


def send_batch(api: Api, *events: object, source: str = "parcels") -> dict[str, Any]:
    answer = api.request("POST", f"/api/v1/events/{source}/batch", {"events": list(events)})
    assert answer.status_code == 200, answer.content
    document = json.loads(answer.content)
    assert isinstance(document, dict)
    return document


def results(answer: dict[str, Any]) -> list[str]:
    return [one["result"] for one in answer["results"]]


def take_in(*events: Any, source: str = "parcels", now: datetime = NOW, account: str = "cli_test") -> list[Taken]:
    """Take events in without HTTP, at a time of the test's own."""
    document: Document = read(json.dumps(events).encode())
    return entrance.take_in(
        source=event_sources.open_source(name=source),
        account=account,
        events=[SentEvent(event, document.canonical(event)) for event in document.data],
        canonical=document.canonical,
        now=now,
    )


def counted(name: str = "parcels") -> tuple[int, int, int, int]:
    """Return how many events were accepted, duplicates, conflicts and invalid."""
    row: Any = event_sources.with_counts().get(name=name)
    return row.accepted, row.duplicates, row.conflicts, row.invalid


def body_of(event: InboxEvent) -> bytes:
    return inbox.read_body(event=event).body
