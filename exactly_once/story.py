"""What is known of the messages about a payment: clients' requests, webhooks of PSPs, our events, mails, deliveries."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q

from exactly_once.models import (
    HandlerRun,
    IdempotencyKey,
    InboxBody,
    InboxEvent,
    OutboxEvent,
    WebhookAttempt,
    WebhookDelivery,
)
from exactly_once.story_item import MOST_TOLD, StoryItem, item_of


@dataclass(frozen=True, slots=True)
class Told:
    """By what the messages of one story are found.

    :param named: ids that webhooks of these ``sources`` speak of; ``aggregates``: type and id each, of our own events;
        ``subjects``: of clients' requests.
    """

    sources: Collection[str]
    named: Collection[str]
    aggregates: Collection[tuple[str, str]]
    subjects: Collection[str]


def story(*, told: Told) -> list[StoryItem]:
    """Return every message, in nine queries at most."""
    return [*_requests(told.subjects), *_webhooks(told), *_events(told.aggregates)]


def named_in_event(*, event_id: str) -> list[str]:
    """Return which ids the events of this id speak of, whoever sent them."""
    rows = InboxEvent.objects.filter(event_id=event_id).order_by("pk")
    return sorted({each for named in rows.values_list("subjects", flat=True)[:MOST_TOLD] for each in named})


def _requests(subjects: Collection[str]) -> Iterator[StoryItem]:
    for key in IdempotencyKey.objects.filter(subject__in=subjects).exclude(subject="").order_by("pk")[:MOST_TOLD]:
        answer = f", answered with {key.response_status}" if key.response_status else ""
        yield item_of(
            key,
            ("Idempotency key", key.key),
            ("Client", key.client),
            ("Taken up again", f"{key.resumptions} times" if key.resumptions else ""),
            ("Answered at", key.finished_at),
            at=key.created_at,
            kind="request",
            text=f"The client asked for the payment{answer}",
        )


def _webhooks(told: Told) -> Iterator[StoryItem]:
    found = InboxEvent.objects.filter(source__in=told.sources, subjects__overlap=list(told.named))
    events = list(found.order_by("received_at", "pk")[:MOST_TOLD]) if told.named else []
    types = _types(events)
    for event in events:
        yield item_of(
            event,
            ("Came", "once" if event.deliveries == 1 else f"{event.deliveries} times"),
            ("Event", event.event_id),
            ("Account", event.account),
            ("Had its effect at", event.processed_at),
            ("Tries that failed", event.attempts or ""),
            ("Why", event.last_error),
            at=event.received_at,
            kind="webhook",
            text=f"{event.source} told {types.get(event.pk, event.event_id)}",
        )


def _types(events: Collection[InboxEvent]) -> dict[int, str]:
    """Return what the events call themselves, of those whose bodies are kept and say so."""
    named = {event.pk: event.received_at for event in events}
    bodies = InboxBody.objects.filter(event_id__in=named, received_at__in=set(named.values()))
    types = {event: _type(bytes(body)) for event, body in bodies.values_list("event_id", "body")} if named else {}
    return {event: told for event, told in types.items() if told}


def _type(body: bytes) -> str:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = told.get("type") if isinstance(told, dict) else None
    return found[:100] if isinstance(found, str) else ""


def _events(aggregates: Collection[tuple[str, str]]) -> Iterator[StoryItem]:
    types, ids = {each for each, _ in aggregates}, {each for _, each in aggregates}
    tries = Prefetch("tries", WebhookAttempt.objects.order_by("pk"))
    sent = WebhookDelivery.objects.select_related("endpoint").prefetch_related(tries).order_by("pk")
    runs = Prefetch("runs", HandlerRun.objects.order_by("pk"))
    found = OutboxEvent.objects.filter(Q(aggregatetype__in=types) & Q(aggregateid__in=ids))
    found = found.prefetch_related(runs, Prefetch("webhook_deliveries", sent)).order_by("occurred_at", "pk")
    for event in found[:MOST_TOLD] if ids else ():
        about = f"{event.aggregatetype} {event.aggregateid}"
        yield item_of(event, ("Event", event.pk), ("Of", about), at=event.occurred_at, kind="event", text=event.type)
        yield from (_run(event, run) for run in event.runs.all())
        for delivery in event.webhook_deliveries.all():
            yield from _delivery(event, delivery)


def _run(event: OutboxEvent, run: HandlerRun) -> StoryItem:
    return item_of(
        run,
        ("Tries", run.attempts),
        ("Why it failed last", run.last_error),
        ("Next try at", run.next_attempt_at),
        at=run.done_at or event.occurred_at,
        kind=f"handler:{run.handler}",
        text=f"{run.handler} heard {event.type}",
    )


def _delivery(event: OutboxEvent, delivery: WebhookDelivery) -> Iterator[StoryItem]:
    tries: list[tuple[datetime, Mapping[str, object]]] = [
        (each.began_at, {"Try": each.number, "Answer": each.status, "Error": each.error})
        for each in delivery.tries.all()
    ]
    for at, said in tries or [(delivery.created_at, {"Try": "none yet"})]:
        next_try = ("Next try at", delivery.next_attempt_at)
        text = f"{event.type} to {delivery.endpoint.url}"
        yield item_of(delivery, *said.items(), next_try, at=at, kind="outgoing webhook", text=text)
