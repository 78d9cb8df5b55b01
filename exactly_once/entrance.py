"""Take in events of any producer, each once: one statement and one commit for up to a thousand of them.

An accepted event is a row of the inbox, and gets its effect there (inbox.py). How its key is found is event_keys.py's
business, which rules it has to fit event_schemas.py's.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django_subatomic.db import durable

from exactly_once import entrance_sql, event_schemas, tracing
from exactly_once.errors import FieldError
from exactly_once.event_keys import Canonical, NoKey
from exactly_once.event_sources import Source
from exactly_once.inbox import FIRST_ATTEMPT_AFTER
from exactly_once.prepared import fetch_all_prepared

MAX_EVENTS = 1_000

type Result = Literal["accepted", "duplicate", "conflict", "invalid"]


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event as it was sent, and its RFC 8785 form: that is what is kept."""

    data: Any
    form: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event.

    ``inbox_id`` is the row that keeps it, or kept the same event before; None where it is invalid, which ``errors``
    explains.
    """

    result: Result
    key: str | None = None
    inbox_id: int | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Keyed:
    place: int
    key: str
    fingerprint: bytes | None
    body: bytes


@durable
def take_in(
    *, source: Source, account: str, events: Sequence[SentEvent], canonical: Canonical, now: datetime
) -> list[Taken]:
    """Keep the events that are new, and say of each what it was, in their order.

    *accepted*: its key is new. *duplicate*: the key is known, or stands earlier in the batch, with the same contents.
    *conflict*: with other contents; the first ones stay. *invalid*: it has no key, or does not fit the source's schema;
    nothing is kept of it. Only events of the same account are compared.

    The promise is the unique key of the inbox, whoever is at it at the same time. Known keys are only read, so a
    duplicate neither writes nor waits for a handler that is at work on the first. New ones are inserted in the order of
    their keys: of two batches with the same events one waits, and neither waits for the other.

    :param account: the API client, of at most 64 characters.
    :param canonical: gives the RFC 8785 form of any part of the events.
    """
    assert len(events) <= MAX_EVENTS, "the caller has a limit"
    invalid: dict[int, Taken] = {}
    keyed = list(_keyed(source, events, canonical, invalid))
    taken = {**invalid, **_keep(source, account, keyed, len(invalid), now)}
    return [taken[place] for place in range(len(events))]


def _keyed(
    source: Source, events: Sequence[SentEvent], canonical: Canonical, invalid: dict[int, Taken]
) -> Iterator[_Keyed]:
    check = event_schemas.check_of(source.schema)
    for place, event in enumerate(events):
        if not isinstance(event.data, dict):
            invalid[place] = Taken("invalid", errors=(FieldError("", "invalid", "An event is a JSON object."),))
            continue
        try:
            found = source.rule.key_of(event=event.data, canonical=canonical, form=event.form)
        except NoKey as reason:
            invalid[place] = Taken("invalid", errors=(reason.field,))
            continue
        if errors := check(event.data):
            invalid[place] = Taken("invalid", key=found.key, errors=errors)
            continue
        yield _Keyed(place, found.key, found.fingerprint, event.form)


def _keep(source: Source, account: str, keyed: list[_Keyed], invalid: int, now: datetime) -> dict[int, Taken]:
    tally = {"source_id": source.id, "account": account}
    rows = fetch_all_prepared(
        entrance_sql.TAKE_IN,
        {
            **tally,
            "source": source.inbox_name,
            "keys": [event.key for event in keyed],
            "fingerprints": [event.fingerprint for event in keyed],
            "bodies": [event.body for event in keyed],
            "known_since": None if source.window is None else now - source.window,
            "state": "received" if source.has_handler else "processed",
            "now": now,
            "processed_at": None if source.has_handler else now,
            "next_attempt_at": now + FIRST_ATTEMPT_AFTER if source.has_handler else None,
            "invalid": invalid,
            "traceparent": tracing.traceparent(),
        },
    )
    taken = {}
    late: list[_Keyed] = []
    for number, inbox_id, result in rows:
        event = keyed[number - 1]
        if result is None:
            late.append(event)
        else:
            taken[event.place] = Taken(result, event.key, inbox_id)
    return taken | _settle(source, tally, late) if late else taken


def _settle(source: Source, tally: dict[str, Any], late: list[_Keyed]) -> dict[int, Taken]:
    """Say what the events were that somebody else took in while our statement waited for him.

    That statement cannot see his rows: it reads what was committed when it began. The next one does.
    """
    rows = fetch_all_prepared(
        entrance_sql.SETTLE,
        {
            **tally,
            "source": source.inbox_name,
            "keys": [event.key for event in late],
            "fingerprints": [event.fingerprint for event in late],
        },
    )
    found = ((late[number - 1], inbox_id, result) for number, inbox_id, result in rows)
    return {event.place: Taken(result, event.key, inbox_id) for event, inbox_id, result in found}


def counts(*, taken: Sequence[Taken]) -> Counter[str]:
    """Return how many of each result there are."""
    return Counter(one.result for one in taken)
