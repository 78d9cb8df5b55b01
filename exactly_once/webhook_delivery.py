"""Carry events to merchants' endpoints: each delivered once noted, tried for three days, then dead until resent.

A crash between the sending and the note sends again, with the same ``webhook-id``: outside, that is at least once.
Not here: the request itself (webhook_http.py), and who may manage what (webhook_endpoints.py).
"""

import json
import random
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django_subatomic.db import durable, transaction, transaction_if_not_already, transaction_required

from exactly_once import tracing
from exactly_once.errors import InvalidInput
from exactly_once.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from exactly_once.webhook_http import Answer, post, signed_headers
from exactly_once.webhook_owners import owners_of

log = structlog.get_logger(__name__)

# How long a try belongs to whoever has begun it: longer than a task may live (CELERY_TASK_TIME_LIMIT).
LEASE = timedelta(minutes=2)
# How long an endpoint may be away before its events are dead: a weekend and a bit.
GIVE_UP_AFTER = timedelta(days=3)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=8)
MAX_RESENT = 1000  # with one commit
GONE = 410  # the receiver's word for: never again


def fits(*, patterns: Collection[str], event_type: str) -> bool:
    """Whether an event type is one of the patterns: itself, ``prefix.*`` or ``*``."""
    return any(
        pattern in ("*", event_type) or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )


@transaction_required
def make_deliveries(*, events: Collection[tuple[UUID, str]], now: datetime) -> list[tuple[int, UUID]]:
    """Make the events due for each enabled endpoint of their client that wants them.

    Return each delivery's id, and its event's.
    """
    endpoints = list(WebhookEndpoint.objects.filter(enabled=True).order_by("pk")) if events else []
    wanted = [
        (endpoint, event_id)
        for event_id, event_type in events
        for endpoint in endpoints
        if fits(patterns=endpoint.event_types, event_type=event_type)
    ]
    if not wanted:
        return []
    owners = owners_of(event_ids={event_id for _, event_id in wanted})
    made = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event_id=event_id, next_attempt_at=now)
        for endpoint, event_id in wanted
        if owners.get(event_id) == endpoint.client
    )
    return [(delivery.pk, delivery.event_id) for delivery in made]


def due(*, now: datetime, limit: int) -> list[int]:
    """Return the deliveries that wait for an attempt, the longest waiting first."""
    rows = WebhookDelivery.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


@durable
def send(*, delivery_id: int, now: datetime, allow_private: bool) -> bool:
    """Try one delivery, unless it is not due or somebody is at it; return whether the endpoint took it."""
    delivery = _claim(delivery_id, now)
    if delivery is None:
        return False
    if not delivery.endpoint.enabled:
        answer = Answer(None, "The endpoint is disabled.")
    else:
        with tracing.span("send webhook", follows=delivery.event.traceparent):
            answer = _try(delivery, now, allow_private)
    return _note(delivery, answer, now)


@transaction_if_not_already
def resend(*, deliveries: QuerySet[WebhookDelivery], now: datetime, limit: int = MAX_RESENT) -> list[int]:
    """Give deliveries that have ended, well or not, another three days, the next try at once; return which.

    Those of endpoints that are switched off stay as they are: they would only die again.
    """
    ended = deliveries.filter(endpoint__enabled=True).exclude(state="pending").order_by("pk").values("pk")[:limit]
    rows = list(
        WebhookDelivery.objects.filter(pk__in=ended).exclude(state="pending").select_for_update().order_by("pk")
    )
    for row in rows:
        row.state, row.trying_since, row.next_attempt_at = "pending", None, now
    WebhookDelivery.objects.bulk_update(rows, ["state", "trying_since", "next_attempt_at"])
    return [row.pk for row in rows]


def count(*, state: str) -> int:
    """Return how many deliveries are in a state."""
    return WebhookDelivery.objects.filter(state=state).count()


def message(*, delivery: WebhookDelivery) -> bytes:
    """Return the body, the same bytes at every try: type, timestamp and data as Standard Webhooks advise."""
    event = delivery.event
    body = {
        "type": event.type,
        "timestamp": event.occurred_at.isoformat(),
        "schema_version": event.schema_version,
        "aggregate": {"type": event.aggregatetype, "id": event.aggregateid, "version": event.aggregate_version},
        "data": event.payload,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def wait_before_next(*, tried_for: timedelta) -> timedelta:
    """Return the wait: as long again as we have tried, so it doubles; from 5 seconds to 8 hours, with jitter."""
    wait = min(max(tried_for, FIRST_WAIT), LONGEST_WAIT)
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


def _try(delivery: WebhookDelivery, now: datetime, allow_private: bool) -> Answer:  # noqa: FBT001 - passed on by name
    valid = Q(valid_from__lte=now) & (Q(valid_until=None) | Q(valid_until__gt=now))
    secrets = list(delivery.endpoint.secrets.filter(valid).order_by("-pk").values_list("secret", flat=True))
    if not secrets:
        return Answer(None, "The endpoint has no valid secret.")
    body = message(delivery=delivery)
    headers = signed_headers(message_id=str(delivery.event_id), body=body, secrets=secrets, now=now)
    try:
        return post(url=delivery.endpoint.url, body=body, headers=headers, allow_private=allow_private)
    except InvalidInput as error:
        return Answer(None, error.detail)
    except SoftTimeLimitExceeded:
        return Answer(None, "The endpoint took too long.")


@transaction
def _claim(delivery_id: int, now: datetime) -> WebhookDelivery | None:
    """Take the delivery by moving its due time past the lease: whoever comes before then finds nothing to do."""
    mine = WebhookDelivery.objects.filter(pk=delivery_id, next_attempt_at__lte=now)
    taken = mine.update(
        attempts=F("attempts") + 1, next_attempt_at=now + LEASE, trying_since=Coalesce("trying_since", now)
    )
    if taken != 1:
        return None
    # Still locked by our own update: the number of attempts is ours. It never falls, so it is the fence.
    return WebhookDelivery.objects.select_related("endpoint", "event").get(pk=delivery_id)


@transaction
def _note(delivery: WebhookDelivery, answer: Answer, now: datetime) -> bool:
    """Write how the try ended, unless a later one has begun; return whether the event is there."""
    state, next_at = _after(delivery, answer, now)
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, state="pending", attempts=delivery.attempts)
    noted = mine.update(
        state=state,
        next_attempt_at=next_at,
        delivered_at=now if answer.accepted else None,
        last_status=answer.status,
        last_error=answer.error,
        response_snippet=answer.snippet,
    )
    if noted != 1:
        return False
    WebhookAttempt.objects.create(
        delivery=delivery, number=delivery.attempts, began_at=now, status=answer.status, error=answer.error
    )
    if answer.status == GONE:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, enabled=True).update(
            enabled=False, disabled_reason="It answered 410 Gone."
        )
    # A dead one waits for somebody to resend it.
    tell = log.warning if state == "dead" else log.info
    tell("webhook.tried", delivery=delivery.pk, state=state, status=answer.status, attempt=delivery.attempts)
    return answer.accepted


def _after(delivery: WebhookDelivery, answer: Answer, now: datetime) -> tuple[str, datetime | None]:
    """Return the delivery's next state, and when it is tried again."""
    if answer.accepted:
        return "delivered", None
    began = delivery.trying_since or now
    give_up = began + GIVE_UP_AFTER
    if answer.status == GONE or not delivery.endpoint.enabled or now >= give_up:
        return "dead", None
    return "pending", min(now + wait_before_next(tried_for=now - began), give_up)
