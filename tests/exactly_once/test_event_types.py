"""Older events become today's; newer ones wait for newer code."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django_subatomic.db import transaction

from exactly_once import event_types, handlers, outbox
from exactly_once.event_types import EventType, UnknownVersionError
from exactly_once.models import HandlerRun, OutboxEvent
from exactly_once.outbox import OutboxMessage

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

MEASURED = EventType(
    "thing.measured",
    upcasters=(
        lambda old: {**old, "unit": "g"},
        lambda old: {**old, "scale": {"unit": old["unit"]}},
    ),
)


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (1, {"weight": 3}),
        (2, {"weight": 3, "unit": "g"}),
        (3, {"weight": 3, "unit": "g", "scale": {"unit": "g"}}),
    ],
)
def test_each_version_becomes_todays_step_by_step(version: int, payload: dict[str, Any]) -> None:
    assert MEASURED.version == 3
    assert MEASURED.upcast(payload, version=version) == {"weight": 3, "unit": "g", "scale": {"unit": "g"}}


@pytest.mark.parametrize("version", [0, 4])
def test_a_version_that_does_not_exist_is_not_guessed(version: int) -> None:
    with pytest.raises(UnknownVersionError, match=f"thing.measured has version {version}; this code knows 1 to 3"):
        MEASURED.upcast({}, version=version)


def test_a_type_that_nobody_declared_is_not_published() -> None:
    with pytest.raises(LookupError, match="is not declared"):
        event_types.published_version("thing.undeclared")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[OutboxMessage]:
    """Have a handler listen, in code that knows one version only."""
    heard: list[OutboxMessage] = []
    monkeypatch.setitem(event_types._declared, "thing.measured", EventType("thing.measured"))
    monkeypatch.setitem(outbox._subscribers, "thing.measured", {"listener": heard.append})
    return heard


def publish() -> HandlerRun:
    with transaction():
        event_id = outbox.publish(
            aggregatetype="thing", aggregateid="one", type="thing.measured", payload={"weight": 3}, now=NOW
        )
        return HandlerRun.objects.create(handler="listener", event_id=event_id, next_attempt_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_an_event_is_kept_in_the_version_it_had_and_heard_in_todays(
    heard: list[OutboxMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an event of version 1
    run = publish()
    # When the code has become newer
    monkeypatch.setitem(event_types._declared, "thing.measured", MEASURED)
    assert handlers.run_handler(run_id=run.pk, now=NOW)
    # Then
    stored = OutboxEvent.objects.get()
    assert (stored.schema_version, stored.payload) == (1, {"weight": 3})
    assert [(one.schema_version, one.payload["unit"]) for one in heard] == [(3, "g")]


@pytest.mark.django_db(transaction=True)
def test_an_event_of_newer_code_is_parked_until_this_code_is_newer_too(
    heard: list[OutboxMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    with monkeypatch.context() as newer:
        newer.setitem(event_types._declared, "thing.measured", MEASURED)
        run = publish()
    # When old code comes across it, however often
    monkeypatch.setattr(handlers, "monotonic", lambda: 0.0)
    later = NOW
    for _ in range(30):
        assert not handlers.run_handler(run_id=run.pk, now=later)
        later += timedelta(minutes=6)
    # Then it waits, and is told of
    run.refresh_from_db()
    assert (run.state, run.attempts, run.next_attempt_at, heard) == ("parked", 0, later - timedelta(minutes=1), [])
    assert "has version 3; this code knows 1 to 1" in run.last_error
    assert handlers.open_count() == 1
    # And newer code hears it
    monkeypatch.setitem(event_types._declared, "thing.measured", MEASURED)
    assert handlers.run_handler(run_id=run.pk, now=later)
    assert [one.schema_version for one in heard] == [3]
    assert handlers.open_count() == 0
