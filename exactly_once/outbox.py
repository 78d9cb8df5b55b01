"""Say what has become true, in the transaction that makes it true; others hear of it after the commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django_subatomic.db import transaction_required
from psycopg.types.json import Jsonb

from exactly_once import tracing
from exactly_once.event_types import published_version
from exactly_once.together import Write, write_together

# The version follows the last one in the same statement; the caller's lock on the aggregate keeps others out, and the
# unique constraint refuses whoever came without one.
_PUBLISH = """
INSERT INTO exactly_once_outboxevent
(aggregatetype, aggregateid, aggregate_version, type, payload, schema_version, occurred_at, traceparent)
SELECT
    a.aggregatetype,
    a.aggregateid,
    1 + coalesce((
        SELECT max(o.aggregate_version) FROM exactly_once_outboxevent AS o
        WHERE o.aggregatetype = a.aggregatetype AND o.aggregateid = a.aggregateid
    ), 0),
    %s, %s, %s, %s, %s
FROM (SELECT %s::text AS aggregatetype, %s::text AS aggregateid) AS a
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """An event as a subscriber sees it: ``payload`` is of the version that is published today, whatever it was then."""

    id: UUID
    aggregatetype: str
    aggregateid: str
    aggregate_version: int
    type: str
    schema_version: int
    payload: dict[str, Any]
    occurred_at: datetime


Subscriber = Callable[[OutboxMessage], None]

_subscribers: dict[str, dict[str, Subscriber]] = {}


@transaction_required
def publish(
    *,
    aggregatetype: str,
    aggregateid: str,
    type: str,
    payload: dict[str, object],
    now: datetime,
) -> UUID:
    """Write an event; the caller holds the lock of the aggregate's row. Return the event's id.

    :param payload: of the newest version of the type.
    :raises LookupError: nobody has declared the type.
    """
    event = publication(aggregatetype=aggregatetype, aggregateid=aggregateid, type=type, payload=payload, now=now)
    ((event_id,),) = write_together(event)
    return UUID(str(event_id))


def publication(*, aggregatetype: str, aggregateid: str, type: str, payload: dict[str, object], now: datetime) -> Write:
    """Return what :func:`publish` writes, for a statement that writes more, but no other event of this aggregate."""
    described = [type, Jsonb(payload), published_version(type), now, tracing.traceparent()]
    return Write(_PUBLISH, (*described, aggregatetype, aggregateid))


def register_subscriber(event_type: str, name: str, subscriber: Subscriber) -> None:
    """Have ``subscriber`` called once for every event of a type; ``name`` is what its marks are kept under."""
    _subscribers.setdefault(event_type, {})[name] = subscriber


def subscribers(event_type: str) -> dict[str, Subscriber]:
    """Return the subscribers of a type by name."""
    return _subscribers.get(event_type, {})
