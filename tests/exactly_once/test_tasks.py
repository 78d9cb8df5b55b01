"""Celery tasks: each does its row, and the sweep wakes whoever is due, once."""

from datetime import UTC, datetime, timedelta

import pytest
from django_subatomic.db import transaction

from exactly_once import handlers, inbox, outbox, tasks
from exactly_once.models import HandlerRun, InboxEvent

pytestmark = pytest.mark.django_db(transaction=True)

EARLIER = datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(tasks, "wake", lambda *call: calls.append(call))
    return calls


@pytest.fixture
def event_id(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setitem(inbox._handlers, "shop", lambda _: None)
    received = inbox.receive(source="shop", account="main", event_id="evt_1", headers={}, body=b"{}", now=EARLIER)
    return received.id


@pytest.fixture
def run_id(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setitem(outbox._subscribers, "thing.done", {"mail": lambda _: None})
    with transaction():
        published = outbox.publish(aggregatetype="thing", aggregateid="1", type="thing.done", payload={}, now=EARLIER)
    return HandlerRun.objects.create(handler="mail", event_id=published, next_attempt_at=EARLIER).pk


def test_the_sweep_wakes_a_worker_for_each_row_that_is_due(
    woken: list[tuple[object, ...]], event_id: int, run_id: int
) -> None:
    # When
    tasks.sweep()
    # Then
    assert woken == [("exactly_once.process_inbox_event", event_id), ("exactly_once.run_handler", run_id)]


def test_the_tasks_that_are_woken_do_their_rows_and_leave_nothing_to_sweep(
    woken: list[tuple[object, ...]], event_id: int, run_id: int
) -> None:
    # When
    tasks.process_inbox_event(event_id)
    tasks.run_handler(run_id)
    tasks.sweep()
    # Then
    assert InboxEvent.objects.get().state == "processed"
    assert HandlerRun.objects.get().state == "done"
    assert woken == []
    assert (inbox.open_count(), handlers.open_count()) == (0, 0)


def test_the_names_by_which_tasks_are_woken_are_theirs() -> None:
    assert {task.name for task in (tasks.process_inbox_event, tasks.run_handler, tasks.sweep)} == {
        "exactly_once.process_inbox_event",
        "exactly_once.run_handler",
        "exactly_once.sweep",
    }
