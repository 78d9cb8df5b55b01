"""Handlers that one worker runs one after the other: few commits, and little that is done again if it is killed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exactly_once import handlers
from exactly_once.backoff import FIRST_WAIT
from exactly_once.models import HandlerRun
from exactly_once.outbox import OutboxMessage
from tests.exactly_once.handling import Clock, Listen, fail, runs_of
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def test_runs_that_are_claimed_together_end_each_by_itself(listen: Listen) -> None:
    # Given
    runs = runs_of("one", "two", "three")
    seen: list[str] = []

    def hear(message: OutboxMessage) -> None:
        seen.append(message.aggregateid)
        if message.aggregateid == "two":
            fail(message)

    listen(hear)
    # When
    assert handlers.run_handlers(run_ids=runs, now=NOW) == 2
    # Then
    assert seen == ["one", "two", "three"]
    ended = HandlerRun.objects.order_by("pk").values_list("state", "attempts", "done_at")
    assert list(ended) == [("done", 1, NOW), ("pending", 1, None), ("done", 1, NOW)]
    # And a second worker with the same message finds nothing to do
    assert handlers.run_handlers(run_ids=runs, now=NOW) == 0
    assert len(seen) == 3


def test_what_a_worker_did_before_it_died_is_noted_with_the_rest_left_to_the_next(listen: Listen) -> None:
    # Given
    runs = runs_of("one", "two", "three")

    def hear(message: OutboxMessage) -> None:
        if message.aggregateid == "two":
            raise KeyboardInterrupt

    listen(hear)
    # When
    with pytest.raises(KeyboardInterrupt):
        handlers.run_handlers(run_ids=runs, now=NOW)
    # Then
    assert list(HandlerRun.objects.order_by("pk").values_list("state", flat=True)) == ["done", "pending", "pending"]
    assert handlers.due_runs(now=NOW + handlers.LEASE, limit=10) == runs[1:]


def test_what_is_done_is_noted_before_a_second_has_passed_for_a_killed_worker_notes_nothing(
    listen: Listen, clock: Clock
) -> None:
    # Given three handlers that need 0.6 seconds each
    runs = runs_of("one", "two", "three")
    states: list[list[str]] = []

    def hear(_: OutboxMessage) -> None:
        states.append(list(HandlerRun.objects.order_by("pk").values_list("state", flat=True)))
        clock.seconds += 0.6

    listen(hear)
    # When
    assert handlers.run_handlers(run_ids=runs, now=NOW) == 3
    # Then
    assert states == [["pending"] * 3, ["pending"] * 3, ["done", "done", "pending"]]


def test_quick_ones_are_claimed_and_noted_by_portions_in_few_commits(listen: Listen) -> None:
    # Given
    runs = runs_of(*map(str, range(2 * handlers.CLAIMED_TOGETHER + 1)))
    claimed: list[tuple[int, int]] = []

    def hear(_: OutboxMessage) -> None:
        begun, done = HandlerRun.objects.filter(attempts=1), HandlerRun.objects.filter(state="done")
        claimed.append((begun.count(), done.count()))

    listen(hear)
    # When
    with CaptureQueriesContext(connection) as asked:
        assert handlers.run_handlers(run_ids=runs, now=NOW) == 11
    # Then those whose turn has not come are free for others, and three claims share their commits with the notes
    assert claimed == [(5, 0)] * 5 + [(10, 5)] * 5 + [(11, 10)]
    assert [each["sql"] for each in asked].count("COMMIT") == 4


def test_runs_that_take_too_long_together_leave_the_others_to_the_next(listen: Listen, clock: Clock) -> None:
    # Given more than a portion, of which the second is slow
    runs = runs_of(*map(str, range(handlers.CLAIMED_TOGETHER + 1)))

    def hear(message: OutboxMessage) -> None:
        if message.aggregateid == "1":
            clock.seconds += handlers.TIME_TOGETHER_SECONDS + 0.1

    listen(hear)
    # When
    assert handlers.run_handlers(run_ids=runs, now=NOW) == 2
    # Then the others can be had at once, with all their attempts
    later = NOW + timedelta(seconds=handlers.TIME_TOGETHER_SECONDS + 0.1)
    assert sorted(handlers.due_runs(now=later, limit=10)) == runs[2:]
    assert list(HandlerRun.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 1, 0, 0, 0, 0]


def test_a_worker_that_is_told_to_stop_comes_to_the_end_of_a_batch() -> None:
    assert handlers.TIME_TOGETHER_SECONDS * 2 < settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT


def test_each_end_and_each_wait_counts_from_when_it_is(listen: Listen, clock: Clock) -> None:
    # Given two handlers of two seconds each, the second of which fails
    runs = runs_of("one", "two")

    def hear(message: OutboxMessage) -> None:
        clock.seconds += 2
        if message.aggregateid == "two":
            fail(message)

    listen(hear)
    # When
    handlers.run_handlers(run_ids=runs, now=NOW)
    # Then
    one, two = HandlerRun.objects.order_by("pk")
    assert one.done_at == NOW + timedelta(seconds=2)
    assert two.next_attempt_at is not None
    assert two.next_attempt_at >= NOW + timedelta(seconds=4) + FIRST_WAIT * 0.8
