"""Events that are sent by many at once: one is accepted, nobody waits for ever, and every answer is counted."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django_subatomic.db import transaction

from exactly_once.entrance import Taken
from exactly_once.models import EventTally, InboxEvent
from tests.concurrency.crowd import everyone
from tests.exactly_once.conftest import Connect
from tests.exactly_once.events import NOW, counted, make_source, take_in
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = {"id": "evt_1", "n": 1}
WAITING = "SELECT FROM pg_locks WHERE NOT granted"


def test_of_ten_sent_at_once_one_is_accepted() -> None:
    # Given
    make_source()
    # When
    taken = everyone(10, lambda _: take_in(EVENT)[0])
    # Then
    row = InboxEvent.objects.get()
    assert sorted(one.result for one in taken) == ["accepted"] + ["duplicate"] * 9
    assert {(one.key, one.inbox_id) for one in taken} == {("evt_1", row.pk)}
    assert counted() == (1, 9, 0, 0)


def test_of_ten_different_ones_under_one_key_one_is_accepted_and_nine_conflict() -> None:
    # Given
    make_source()
    # When
    taken = everyone(10, lambda number: take_in({"id": "evt_1", "n": number})[0])
    # Then
    assert sorted(one.result for one in taken) == ["accepted"] + ["conflict"] * 9
    assert InboxEvent.objects.count() == 1
    assert counted() == (1, 0, 9, 0)


def test_batches_of_the_same_events_in_any_order_do_not_lock_each_other_up() -> None:
    # Given eight batches of the same 300 events, each in an order of its own
    make_source()
    events = [{"id": f"evt_{number}"} for number in range(300)]
    orders = [random.Random(seed).sample(events, len(events)) for seed in range(8)]
    # When each is sent three times
    results = everyone(8, lambda number: [take_in(*orders[number]) for _ in range(3)])
    # Then nobody was a deadlock's victim, which would have raised
    taken = [one for batches in results for batch in batches for one in batch]
    assert sum(one.result == "accepted" for one in taken) == 300
    assert sum(one.result == "duplicate" for one in taken) == 300 * (8 * 3 - 1)
    assert InboxEvent.objects.count() == 300
    assert counted() == (300, 300 * 23, 0, 0)


@pytest.fixture
def other(connect: Connect) -> psycopg.Connection:
    """A session that has taken ``evt_1`` in, with other contents, and not yet committed."""
    make_source()
    session = connect()
    keep(session, "evt_1")
    return session


def keep(session: psycopg.Connection, key: str) -> None:
    session.execute(
        "INSERT INTO exactly_once_inboxevent (source, account, event_id, fingerprint, received_at)"
        " VALUES ('events:parcels', 'cli_test', %s, '\\x00', %s)",
        [key, NOW],
    )


@contextmanager
def waiting_for(other: psycopg.Connection, *events: dict[str, object]) -> Iterator[list[Taken]]:
    """Take events in, among them ``evt_1``; the block runs while that waits. The list is filled at its end."""
    taken: list[Taken] = []

    def run() -> None:
        taken.extend(take_in(*events))
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    eventually(lambda: bool(other.execute(WAITING).fetchall()), "the batch waits")
    yield taken
    other.commit()
    thread.join(timeout=30)


def test_the_one_that_waited_for_another_batch_sees_what_it_kept(other: psycopg.Connection) -> None:
    with waiting_for(other, {"id": "evt_0"}, EVENT, {"id": "evt_2"}, EVENT) as taken:
        assert taken == []

    assert [one.result for one in taken] == ["accepted", "conflict", "accepted", "conflict"]
    assert counted() == (2, 0, 2, 0)


def test_a_batch_that_waits_for_a_key_holds_none_that_comes_after_it(other: psycopg.Connection) -> None:
    """Whoever holds a key waits for later ones only: so two batches never wait for each other."""
    # Given a batch that names its keys backwards
    with waiting_for(other, {"id": "evt_3"}, {"id": "evt_2"}, EVENT, {"id": "evt_0"}) as taken:
        # When the one that it waits for goes on to the next keys
        other.execute("SET lock_timeout = '5s'")
        keep(other, "evt_2")
        keep(other, "evt_3")
    # Then
    assert [one.result for one in taken] == ["conflict", "conflict", "conflict", "accepted"]


def test_a_duplicate_does_not_wait_for_the_handler_of_the_first() -> None:
    # Given an event whose row is locked, as it is while its handler runs
    make_source()
    take_in(EVENT)
    with transaction():
        InboxEvent.objects.select_for_update().get()
        # When
        [[taken]] = everyone(1, lambda _: take_in(EVENT))
    # Then
    assert taken.result == "duplicate"


def test_at_the_end_of_a_window_one_of_ten_is_accepted_anew() -> None:
    # Given
    make_source(window=timedelta(hours=1))
    take_in(EVENT)
    # When
    taken = everyone(10, lambda _: take_in(EVENT, now=NOW + timedelta(hours=1))[0])
    # Then
    assert sorted(one.result for one in taken) == ["accepted"] + ["duplicate"] * 9
    assert list(InboxEvent.objects.order_by("pk").values_list("event_id", "generation")) == [("evt_1", 0), ("evt_1", 1)]


def test_the_counts_are_spread_over_few_rows() -> None:
    # Given
    make_source()
    # When
    everyone(10, lambda number: [take_in({"id": f"evt_{number}_{again}"}) for again in range(5)])
    # Then
    assert counted() == (50, 0, 0, 0)
    assert EventTally.objects.count() <= 10
