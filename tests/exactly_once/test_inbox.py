"""The inbox: in once, however often it comes; one effect, whoever is woken; nothing forgotten."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django_subatomic import db

from exactly_once import inbox, outbox
from exactly_once.backoff import LONGEST_WAIT, MAX_ATTEMPTS
from exactly_once.inbox import InboxMessage, KeptBody, Park, Received
from exactly_once.models import InboxBody, InboxEvent, OutboxEvent
from tests.concurrency.crowd import everyone
from tests.exactly_once.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BODY = b'{"id":"evt_1"}\n\x00\xff'

type Register = Callable[[inbox.Handler], None]


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Set what handles events of ``shop``."""
    return lambda function: monkeypatch.setitem(inbox._handlers, "shop", function)


def receive(event_id: str = "evt_1", account: str = "main") -> Received:
    return inbox.receive(
        source="shop", account=account, event_id=event_id, headers={"signature": "s"}, body=BODY, now=NOW
    )


def publish(message: InboxMessage) -> None:
    """An effect that can be counted."""
    outbox.publish(
        aggregatetype="event", aggregateid=message.event_id, type="event.seen", payload={}, now=message.received_at
    )


def publish_and_fail(message: InboxMessage) -> None:
    publish(message)
    raise ZeroDivisionError("no such luck")


def publish_and_park(message: InboxMessage) -> None:
    publish(message)
    raise Park("no attempt of ours is pi_1")


def test_ten_deliveries_at_once_are_one_event() -> None:
    # When
    received = everyone(10, lambda _: receive())
    # Then
    event = InboxEvent.objects.get()
    assert event.deliveries == 10
    assert {one.id for one in received} == {event.pk}
    assert sorted(one.duplicate for one in received) == [False] + [True] * 9
    assert inbox.read_body(event=event) == KeptBody({"signature": "s"}, BODY)
    assert InboxBody.objects.count() == 1


def test_the_same_id_of_another_account_is_another_event() -> None:
    assert receive(account="main").id != receive(account="other").id


def test_an_event_is_not_received_inside_somebodys_transaction() -> None:
    # Its 200 says that the event is kept: a later rollback would make that a lie.
    with pytest.raises(db._UnexpectedOpenTransaction), db.transaction():
        receive()
    assert not InboxEvent.objects.exists()


def test_the_handler_sees_the_event_as_it_came(handler: Register) -> None:
    # Given
    seen: list[InboxMessage] = []
    handler(seen.append)
    event_id = receive().id
    # When
    state = inbox.process(event_id=event_id, now=NOW)
    # Then
    assert state == "processed"
    assert seen == [
        InboxMessage(id=event_id, source="shop", account="main", event_id="evt_1", body=BODY, received_at=NOW, now=NOW)
    ]


def test_of_ten_workers_woken_at_once_one_processes(handler: Register) -> None:
    # Given a handler that is still at work until the nine others have come and gone
    handler_runs, others_left = threading.Event(), threading.Barrier(10)

    def slow(message: InboxMessage) -> None:
        assert not handler_runs.is_set()
        handler_runs.set()
        others_left.wait(timeout=30)
        publish(message)

    handler(slow)
    event_id = receive().id

    def work(_: int) -> str | None:
        state = inbox.process(event_id=event_id, now=NOW)
        if state is None:
            others_left.wait(timeout=30)
        return state

    # When
    states = everyone(10, work)
    # Then
    assert sorted(map(str, states)) == ["None"] * 9 + ["processed"]
    assert OutboxEvent.objects.count() == 1


def test_a_processed_event_is_never_processed_again(handler: Register) -> None:
    # Given
    handler(publish)
    event_id = receive().id
    inbox.process(event_id=event_id, now=NOW)
    # When it comes again, is woken again, and asked for again by hand
    assert receive() == Received(event_id, duplicate=True)
    assert inbox.process(event_id=event_id, now=NOW + timedelta(days=91)) is None
    assert inbox.try_again(event_ids=[event_id], now=NOW) == []
    # Then
    assert OutboxEvent.objects.count() == 1
    assert inbox.due(now=NOW + timedelta(days=91), limit=10) == []
    with pytest.raises(IntegrityError, match="is final"):
        InboxEvent.objects.update(state="received")


@pytest.mark.parametrize(
    ("failing", "state", "reason"),
    [
        (publish_and_fail, "failed", "ZeroDivisionError('no such luck')"),
        (publish_and_park, "parked", "no attempt of ours is pi_1"),
    ],
)
def test_a_failed_attempt_has_no_effect_and_is_made_again_later(
    handler: Register, failing: inbox.Handler, state: str, reason: str
) -> None:
    # Given
    handler(failing)
    event_id = receive().id
    # When
    assert inbox.process(event_id=event_id, now=NOW) == state
    # Then
    event = InboxEvent.objects.get()
    assert (event.state, event.attempts, event.last_error) == (state, 1, reason)
    assert event.next_attempt_at is not None
    assert timedelta(seconds=4) <= event.next_attempt_at - NOW <= timedelta(seconds=6)
    assert not OutboxEvent.objects.exists()
    # And once its time has come and the cause is gone
    handler(publish)
    assert inbox.due(now=event.next_attempt_at, limit=10) == [event_id]
    assert inbox.process(event_id=event_id, now=event.next_attempt_at) == "processed"
    assert OutboxEvent.objects.count() == 1


def test_messages_that_come_late_or_twice_use_up_no_attempts(handler: Register) -> None:
    # Given an event that failed once
    handler(publish_and_fail)
    event_id = receive().id
    inbox.process(event_id=event_id, now=NOW)
    # When a broker brings its wake-up call again and again
    states = [inbox.process(event_id=event_id, now=NOW + timedelta(seconds=1)) for _ in range(50)]
    # Then
    assert states == [None] * 50
    assert InboxEvent.objects.get().attempts == 1


def test_an_event_that_fails_for_hours_is_left_to_a_person(handler: Register) -> None:
    # Given
    handler(publish_and_fail)
    event_id = receive().id
    # When
    now = NOW
    for _ in range(MAX_ATTEMPTS - 1):
        assert inbox.process(event_id=event_id, now=now) == "failed"
        due_at = InboxEvent.objects.get().next_attempt_at
        assert due_at is not None
        assert due_at - now <= LONGEST_WAIT * 1.2
        now = due_at
    assert inbox.process(event_id=event_id, now=now) == "failed"
    # Then
    assert InboxEvent.objects.get().next_attempt_at is None
    assert timedelta(hours=9) < now - NOW < timedelta(hours=14)
    assert inbox.due(now=now + timedelta(days=1), limit=10) == []
    assert inbox.process(event_id=event_id, now=now + timedelta(days=1)) is None
    # And when that person says so, it is tried again at once
    handler(publish)
    assert inbox.try_again(event_ids=[event_id], now=now) == [event_id]
    assert inbox.due(now=now, limit=10) == [event_id]
    assert inbox.process(event_id=event_id, now=now) == "processed"


def test_a_parked_event_waits_as_long_as_it_takes(handler: Register) -> None:
    # Given
    handler(publish_and_park)
    event_id = receive().id
    InboxEvent.objects.update(attempts=MAX_ATTEMPTS * 10, next_attempt_at=NOW)
    # When
    assert inbox.process(event_id=event_id, now=NOW) == "parked"
    # Then
    assert inbox.due(now=NOW + LONGEST_WAIT * 1.2, limit=10) == [event_id]


def test_an_event_that_nobody_was_woken_for_is_found() -> None:
    # Given two events, of which the broker lost every trace
    first, second = receive("evt_1").id, receive("evt_2").id
    # Then
    assert inbox.due(now=NOW, limit=10) == []
    assert inbox.due(now=NOW + inbox.FIRST_ATTEMPT_AFTER, limit=10) == [first, second]
    assert inbox.due(now=NOW + inbox.FIRST_ATTEMPT_AFTER, limit=1) == [first]


def test_an_event_without_a_handler_waits_for_one(handler: Register) -> None:
    # Given
    event_id = receive().id
    # When
    assert inbox.process(event_id=event_id, now=NOW) == "parked"
    # Then
    event = InboxEvent.objects.get()
    assert event.last_error == "no handler is registered for shop"
    # And once a release has brought the handler
    handler(publish)
    assert event.next_attempt_at is not None
    assert inbox.process(event_id=event_id, now=event.next_attempt_at) == "processed"
    assert OutboxEvent.objects.count() == 1


def test_a_handler_that_loses_a_deadlock_runs_again_at_once(handler: Register) -> None:
    # Given two events whose handlers take two locks in opposite order
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def crossing(message: InboxMessage) -> None:
        first, second = (1, 2) if message.event_id == "evt_1" else (2, 1)
        runs.append(message.event_id)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '10ms'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [first])
            if len(runs) <= 2:
                both_hold_one.wait(timeout=30)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [second])
        publish(message)

    handler(crossing)
    ids = [receive("evt_1").id, receive("evt_2").id]
    # When
    states = everyone(2, lambda number: inbox.process(event_id=ids[number], now=NOW))
    # Then
    assert states == ["processed", "processed"]
    assert len(runs) == 3
    assert list(InboxEvent.objects.values_list("attempts", flat=True)) == [0, 0]
    assert OutboxEvent.objects.count() == 2


def test_only_the_count_of_a_known_event_may_get_lost_in_a_crash(connect: Connect) -> None:
    # Given
    session = connect(autocommit=True)
    session.execute("SET synchronous_commit = on")
    values = ["shop", "main", "evt_1", NOW, NOW, "", "{}", b""]
    waits: list[object] = []
    # When an event comes twice
    for _ in range(2):
        with session.transaction():
            session.execute(inbox._RECEIVE, values)
            waits.append(session.execute("SHOW synchronous_commit").fetchone())
    waits.append(session.execute("SHOW synchronous_commit").fetchone())
    # Then it is flushed the first time, and whatever comes next on this connection
    assert waits == [("on",), ("off",), ("on",)]


def test_what_an_event_waits_for_is_noted_whatever_a_stranger_calls_it(handler: Register) -> None:
    # Given
    def park(_: InboxMessage) -> None:
        raise Park("no attempt of ours is pi_\0\ud800")

    handler(park)
    # When
    inbox.process(event_id=receive().id, now=NOW)
    # Then
    assert list(InboxEvent.objects.values_list("state", "last_error")) == [
        ("parked", r"no attempt of ours is pi_\0\ud800")
    ]
