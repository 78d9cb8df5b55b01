"""Handlers of outbox events: each run to its end once, by one worker at a time."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django_subatomic import db

from exactly_once import handlers, outbox
from exactly_once.backoff import MAX_ATTEMPTS
from exactly_once.models import HandlerRun
from exactly_once.outbox import OutboxMessage
from tests.concurrency.crowd import everyone
from tests.exactly_once.handling import Listen, fail
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.fixture
def event_id() -> UUID:
    with db.transaction():
        return outbox.publish(aggregatetype="thing", aggregateid="one", type="thing.done", payload={"a": 1}, now=NOW)


@pytest.fixture
def run_id(event_id: UUID) -> int:
    return HandlerRun.objects.create(handler="listener", event_id=event_id, next_attempt_at=NOW).pk


def test_a_handler_sees_the_event_as_it_was_published(listen: Listen, event_id: UUID, run_id: int) -> None:
    # Given
    seen: list[OutboxMessage] = []
    listen(seen.append)
    # When
    assert handlers.run_handler(run_id=run_id, now=NOW)
    # Then
    assert seen == [
        OutboxMessage(
            id=event_id,
            aggregatetype="thing",
            aggregateid="one",
            aggregate_version=1,
            type="thing.done",
            schema_version=1,
            payload={"a": 1},
            occurred_at=NOW,
        )
    ]
    run = HandlerRun.objects.get()
    assert (run.state, run.attempts, run.done_at, run.next_attempt_at) == ("done", 1, NOW, None)


def test_a_handler_may_talk_to_the_outside_for_no_transaction_is_open(listen: Listen, run_id: int) -> None:
    # Given
    open_transactions: list[frozenset[str]] = []
    listen(lambda _: open_transactions.append(db.dbs_with_open_transactions()))
    # When
    handlers.run_handler(run_id=run_id, now=NOW)
    # Then
    assert open_transactions == [frozenset()]


def test_of_ten_workers_woken_at_once_one_runs_the_handler(listen: Listen, run_id: int) -> None:
    # Given a handler that is still at work when the nine others have come and gone
    others_left = threading.Barrier(10)
    calls: list[UUID] = []

    def slow(message: OutboxMessage) -> None:
        calls.append(message.id)
        others_left.wait(timeout=30)

    listen(slow)

    def work(_: int) -> bool:
        done = handlers.run_handler(run_id=run_id, now=NOW)
        if not done:
            others_left.wait(timeout=30)
        return done

    # When
    results = everyone(10, work)
    # Then
    assert sorted(results) == [False] * 9 + [True]
    assert len(calls) == 1


def test_a_handler_that_is_done_never_runs_again(listen: Listen, run_id: int) -> None:
    # Given
    calls: list[OutboxMessage] = []
    listen(calls.append)
    handlers.run_handler(run_id=run_id, now=NOW)
    # When
    again = handlers.run_handler(run_id=run_id, now=NOW + timedelta(days=91))
    # Then
    assert again is False
    assert len(calls) == 1
    assert handlers.due_runs(now=NOW + timedelta(days=91), limit=10) == []


def test_a_run_belongs_to_its_worker_for_longer_than_a_task_may_live() -> None:
    # Otherwise a second worker could begin while the first is still at work.
    assert timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) < handlers.LEASE


def test_a_worker_that_died_is_replaced_after_its_lease(listen: Listen, run_id: int) -> None:
    # Given a worker that was killed in its handler
    def die(_: OutboxMessage) -> None:
        raise KeyboardInterrupt

    listen(die)
    with pytest.raises(KeyboardInterrupt):
        handlers.run_handler(run_id=run_id, now=NOW)
    calls: list[OutboxMessage] = []
    listen(calls.append)
    # Then nobody takes over before the lease has ended
    before, after = NOW + handlers.LEASE - timedelta(microseconds=1), NOW + handlers.LEASE
    assert handlers.due_runs(now=before, limit=10) == []
    assert handlers.run_handler(run_id=run_id, now=before) is False
    assert calls == []
    # And then one does
    assert handlers.due_runs(now=after, limit=10) == [run_id]
    assert handlers.run_handler(run_id=run_id, now=after)
    assert len(calls) == 1


@pytest.mark.parametrize("late_end", ["done", "failed"])
def test_a_worker_that_comes_to_its_end_too_late_changes_nothing(listen: Listen, run_id: int, late_end: str) -> None:
    # Given a worker whose lease runs out while it is at work, so that another one fails in its place
    def overtaken(_: OutboxMessage) -> None:
        listen(fail)
        handlers.run_handler(run_id=run_id, now=NOW + handlers.LEASE)
        if late_end == "failed":
            raise KeyError(late_end)

    listen(overtaken)
    # When
    assert handlers.run_handler(run_id=run_id, now=NOW) is False
    # Then what the later attempt wrote stands
    run = HandlerRun.objects.get()
    assert (run.state, run.attempts, run.last_error) == ("pending", 2, "ZeroDivisionError('no such luck')")
    assert run.next_attempt_at is not None
    assert run.next_attempt_at > NOW + handlers.LEASE


def test_what_was_given_up_while_its_last_attempt_ran_on_stays_with_a_person(listen: Listen, run_id: int) -> None:
    # Given the last attempt outlives its lease, and is given up for dead
    HandlerRun.objects.update(attempts=MAX_ATTEMPTS - 1)

    def outlive_the_lease(_: OutboxMessage) -> None:
        handlers.run_handler(run_id=run_id, now=NOW + handlers.LEASE)

    listen(outlive_the_lease)
    # When it ends after all
    assert handlers.run_handler(run_id=run_id, now=NOW) is False
    # Then
    run = HandlerRun.objects.get()
    assert (run.state, run.attempts, run.done_at) == ("failed", MAX_ATTEMPTS, None)


def test_a_handler_that_fails_is_tried_again_and_in_the_end_left_to_a_person(listen: Listen, run_id: int) -> None:
    # Given
    listen(fail)
    # When
    now = NOW
    for attempt in range(1, MAX_ATTEMPTS):
        assert handlers.run_handler(run_id=run_id, now=now) is False
        run = HandlerRun.objects.get()
        assert (run.state, run.attempts) == ("pending", attempt)
        assert run.next_attempt_at is not None
        assert run.next_attempt_at > now
        now = run.next_attempt_at
    assert handlers.open_count() == 1
    assert handlers.run_handler(run_id=run_id, now=now) is False
    # Then
    run = HandlerRun.objects.get()
    assert (run.state, run.attempts, run.next_attempt_at) == ("failed", MAX_ATTEMPTS, None)
    assert handlers.open_count() == 0
    assert handlers.run_handler(run_id=run_id, now=now + timedelta(days=1)) is False
    # And when that person says so, it is tried again at once
    listen(lambda _: None)
    assert handlers.try_again(run_ids=[run_id], now=now) == [run_id]
    assert handlers.run_handler(run_id=run_id, now=now)
    assert handlers.try_again(run_ids=[run_id], now=now) == []


def test_a_handler_that_no_longer_exists_fails_where_it_is_seen(monkeypatch: pytest.MonkeyPatch, run_id: int) -> None:
    # Given
    monkeypatch.setattr(outbox, "_subscribers", {})
    # When
    handlers.run_handler(run_id=run_id, now=NOW)
    # Then
    assert HandlerRun.objects.get().last_error == "KeyError('listener')"


def test_a_handler_that_kills_its_worker_each_time_is_given_up(listen: Listen, run_id: int) -> None:
    # Given
    def die(_: OutboxMessage) -> None:
        raise KeyboardInterrupt

    listen(die)
    now = NOW
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            handlers.run_handler(run_id=run_id, now=now)
        now += handlers.LEASE
    # When it is due again
    assert handlers.run_handler(run_id=run_id, now=now) is False
    # Then it waits for a person, as after as many failures
    run = HandlerRun.objects.get()
    assert (run.state, run.attempts, run.next_attempt_at) == ("failed", MAX_ATTEMPTS, None)
    assert run.last_error == "No attempt came to an end: the worker died."
    assert handlers.try_again(run_ids=[run_id], now=now) == [run_id]
