"""What is dropped, when, and what is not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from exactly_once import inbox
from exactly_once.inbox import Received
from exactly_once.models import InboxBody, InboxEvent
from exactly_once.retention import Rolled, roll_inbox

pytestmark = pytest.mark.django_db(transaction=True)

# Long before the partitions that the database was made with: those stay.
THEN = datetime(2001, 1, 31, 23, 59, tzinfo=UTC)
KEEP = timedelta(days=90)
PARTITIONS = tuple(f"exactly_once_inboxbody_2001_{month:02d}" for month in range(1, 8))


@pytest.fixture(autouse=True)
def _partitions_of_another_year() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class AS c WHERE c.relname ~ '^exactly_once_inboxbody_200[0-9]_[0-9]{2}$'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")


@pytest.fixture(autouse=True)
def _do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(inbox._handlers, "shop", lambda _message: None)


def receive(event_id: str, at: datetime) -> Received:
    return inbox.receive(source="shop", account="main", event_id=event_id, headers={}, body=b"{}", now=at)


def partition_of(event: Received) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM exactly_once_inboxbody WHERE event_id = %s", [event.id])
        return str(cursor.fetchone()[0])


def test_rooms_are_made_for_this_month_and_the_next_two_once() -> None:
    assert roll_inbox(now=THEN, keep=KEEP).made == PARTITIONS[:3]
    assert roll_inbox(now=THEN, keep=KEEP).made == ()
    assert roll_inbox(now=THEN + timedelta(minutes=1), keep=KEEP).made == (PARTITIONS[3],)


def test_an_event_lies_in_the_month_of_its_receipt_by_utc() -> None:
    roll_inbox(now=THEN, keep=KEEP)

    assert partition_of(receive("evt_1", THEN)) == PARTITIONS[0]
    assert partition_of(receive("evt_2", THEN + timedelta(minutes=1))) == PARTITIONS[1]


def test_a_month_is_dropped_when_all_of_it_is_older_than_is_kept_and_its_key_still_absorbs() -> None:
    # Given
    roll_inbox(now=THEN, keep=KEEP)
    event = receive("evt_1", THEN)
    inbox.process(event_id=event.id, now=THEN)
    # When its last minute is not yet old enough, and when it is
    nearly, after = THEN + KEEP, THEN + KEEP + timedelta(minutes=2)
    assert roll_inbox(now=nearly, keep=KEEP).dropped == ()
    assert roll_inbox(now=after, keep=KEEP).dropped == (PARTITIONS[0],)
    # Then the same event, years later, is still known
    assert not InboxBody.objects.exists()
    assert receive("evt_1", THEN + timedelta(days=999)) == Received(event.id, duplicate=True)
    assert InboxEvent.objects.get().state == "processed"


def test_a_month_stays_while_one_of_its_events_has_not_had_its_effect() -> None:
    # Given
    roll_inbox(now=THEN, keep=KEEP)
    event = receive("evt_1", THEN)
    # When
    rolled = roll_inbox(now=THEN + timedelta(days=400), keep=KEEP)
    # Then only the empty months went
    assert rolled.dropped == PARTITIONS[1:3]
    assert inbox.process(event_id=event.id, now=THEN) == "processed"


def test_what_comes_before_its_month_has_room_is_taken_in_all_the_same_and_dropped_in_its_time() -> None:
    # Given no room, as where the scheduler was away for months
    event = receive("evt_1", THEN)
    assert partition_of(event) == "exactly_once_inboxbody_rest"
    # When room is made later, then that month stays where it is
    assert roll_inbox(now=THEN, keep=KEEP) == Rolled(made=PARTITIONS[1:3], dropped=())
    inbox.process(event_id=event.id, now=THEN)
    # Then it goes when it is old enough
    roll_inbox(now=THEN + KEEP, keep=KEEP)
    assert InboxBody.objects.count() == 1
    roll_inbox(now=THEN + KEEP + timedelta(seconds=1), keep=KEEP)
    assert InboxBody.objects.count() == 0
