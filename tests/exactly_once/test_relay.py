"""The relay: every committed event once, in commit-safe order, whatever the writers and the relay itself do."""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_subatomic.db import transaction

from exactly_once import outbox, relay
from exactly_once.models import HandlerRun, OutboxEvent, SinkPosition
from tests.concurrency.crowd import everyone
from tests.exactly_once.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

_INSERT = """
INSERT INTO exactly_once_outboxevent
(aggregatetype, aggregateid, aggregate_version, type, payload, schema_version, occurred_at)
VALUES ('thing', %s, 1, 'thing.done', '{}', 1, now())
"""
MANY = "now() FROM generate_series(1, 5000) AS n"


@pytest.fixture(autouse=True)
def _somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a handler hear of every thing, so that what is delivered leaves a row."""
    monkeypatch.setitem(outbox._subscribers, "thing.done", {"listener": lambda _: None})


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "wake", lambda *_, **__: False)


def delivered() -> list[str]:
    """Return what was delivered, in the order of delivery."""
    return list(HandlerRun.objects.order_by("pk").values_list("event__aggregateid", flat=True))


def in_commit_safe_order() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT o.aggregateid FROM exactly_once_outboxevent AS o ORDER BY o.xid, o.seq")
        return [row[0] for row in cursor.fetchall()]


def feed(limit: int = relay.BATCH) -> int:
    return relay.feed_handlers(now=NOW, limit=limit)


def drain(*, left: int = 0, limit: int = relay.BATCH) -> None:
    """Feed until so many committed events are left. PostgreSQL's own transactions may hold the horizon for moments."""
    deadline = time.monotonic() + 10
    while feed(limit) or relay.behind(sink=relay.HANDLERS) > left:
        assert time.monotonic() < deadline


def publish(*things: str) -> None:
    with transaction():
        for thing in things:
            outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload={}, now=NOW)


@pytest.mark.parametrize("commits", list(itertools.permutations(range(4))))
def test_no_order_of_commits_loses_an_event(connect: Connect, commits: tuple[int, ...]) -> None:
    # Given four writers whose transactions are open at once
    writers = [connect() for _ in range(4)]
    for number, writer in enumerate(writers):
        writer.execute(_INSERT, [f"thing-{number}"])
    # When they commit in this order, and the relay reads after each
    for number in commits:
        writers[number].commit()
        feed()
    drain()
    # Then
    assert delivered() == ["thing-0", "thing-1", "thing-2", "thing-3"] == in_commit_safe_order()


@pytest.mark.parametrize("seed", range(20))
def test_no_interleaving_of_writers_loses_or_repeats_an_event(connect: Connect, seed: int) -> None:
    # Given writers that take their transaction ids, insert, commit or roll back in an order drawn from the seed
    chance = random.Random(seed)
    scripts = [_script(connect(), f"{seed}-{number}", chance) for number in range(6)]
    committed: list[str] = []
    # When
    while scripts:
        script = chance.choice(scripts)
        try:
            committed += next(script)
        except StopIteration:
            scripts.remove(script)
        if chance.random() < 0.5:
            feed(limit=chance.randint(1, 4))
    drain()
    # Then
    assert sorted(delivered()) == sorted(committed)
    assert delivered() == in_commit_safe_order()


def _script(session: psycopg.Connection, name: str, chance: random.Random) -> Iterator[list[str]]:
    """Run three transactions step by step; yield what each step has committed."""
    for number in range(3):
        things = [f"{name}-{number}-{event}" for event in range(chance.randint(0, 3))]
        if chance.random() < 0.5:
            session.execute("SELECT pg_current_xact_id()")  # its id is early, its sequence numbers are late
            yield []
        for thing in things:
            session.execute(_INSERT, [thing])
            yield []
        if chance.random() < 0.2:
            session.rollback()
            yield []
        else:
            session.commit()
            yield things


def test_relays_and_writers_at_full_speed_lose_and_repeat_nothing() -> None:
    # Given
    writers, relays, rounds = 6, 2, 25
    at_work = threading.Semaphore(0)

    def write(number: int) -> None:
        try:
            for turn in range(rounds):
                publish(f"{number}-{turn}-a", f"{number}-{turn}-b")
        finally:
            at_work.release()

    def carry() -> None:
        while at_work._value < writers:
            feed(limit=7)

    # When
    everyone(writers + relays, lambda number: write(number) if number < writers else carry())
    drain()
    # Then
    assert OutboxEvent.objects.count() == writers * rounds * 2
    assert delivered() == in_commit_safe_order()


def test_an_open_transaction_holds_back_only_what_could_come_before_it(connect: Connect) -> None:
    # Given one event before an open transaction, one after it
    publish("before")
    slow = connect()
    slow.execute(_INSERT, ["slow"])
    publish("after")
    # Then
    drain(left=1)
    assert delivered() == ["before"]
    slow.rollback()
    drain()
    assert delivered() == ["before", "after"]


def test_transaction_ids_are_compared_as_numbers(connect: Connect) -> None:
    # As text, 1000 would come before 999, and the position after it would pass over 999.
    # Given
    session = connect()
    for xid in (3, 9, 10, 99, 100):
        session.execute(
            _INSERT.replace("occurred_at)", "occurred_at, xid)").replace("now())", "now(), %s::xid8)"),
            [
                f"xid-{xid}",
                str(xid),
            ],
        )
    session.commit()
    # When read one at a time
    drain(limit=1)
    # Then
    assert delivered() == ["xid-3", "xid-9", "xid-10", "xid-99", "xid-100"]


def test_a_relay_that_dies_before_its_commit_has_done_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    publish("one")
    publish("two")
    listen = outbox.subscribers
    asked: list[str] = []

    def die_at_the_second(event_type: str) -> dict[str, outbox.Subscriber]:
        asked.append(event_type)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return listen(event_type)

    monkeypatch.setattr(relay, "subscribers", die_at_the_second)
    # When
    with pytest.raises(KeyboardInterrupt):
        feed()
    # Then neither an event is delivered nor the position moved
    assert delivered() == []
    # And the next relay delivers each once
    drain()
    assert delivered() == ["one", "two"]


def test_while_one_relay_is_at_a_sink_another_leaves_it_alone(connect: Connect) -> None:
    # Given
    publish("one")
    drain()
    publish("two")
    other = connect()
    other.execute("SELECT FROM exactly_once_sinkposition FOR UPDATE")
    # Then
    assert (feed(), delivered()) == (0, ["one"])
    other.rollback()
    drain()
    assert delivered() == ["one", "two"]


def test_a_relay_with_nothing_to_do_writes_nothing() -> None:
    # Given
    publish("one")
    drain()
    before = next_transaction_id()
    # When
    for _ in range(50):
        feed()
    # Then, but for what PostgreSQL may do itself
    assert next_transaction_id() - before < 10


def next_transaction_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def test_each_handler_of_an_event_gets_a_run_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    woken: list[object] = []
    monkeypatch.setattr(relay, "wake", lambda *call, **_: woken.append(call))
    monkeypatch.setitem(outbox._subscribers, "thing.done", {"mail": lambda _: None, "export": lambda _: None})
    publish("one")
    # When
    drain()
    # Then
    runs = HandlerRun.objects.order_by("pk")
    assert list(runs.values_list("handler", "state", "attempts")) == [("mail", "pending", 0), ("export", "pending", 0)]
    assert woken == [("exactly_once.run_handlers", *(run.pk for run in runs))]


def test_an_event_that_nobody_listens_to_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setattr(outbox, "_subscribers", {})
    publish("one")
    # When
    drain()
    # Then
    assert delivered() == []
    assert SinkPosition.objects.get().sink == relay.HANDLERS


def test_what_is_behind_is_counted_also_before_the_relay_ever_ran(connect: Connect) -> None:
    publish("one", "two")
    slow = connect()
    slow.execute(_INSERT, ["not committed"])
    assert relay.behind(sink=relay.HANDLERS) == 2
    drain()
    assert delivered() == ["one", "two"]


def test_nobody_who_looks_for_news_reads_what_the_sinks_have_had() -> None:
    # given
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.replace("VALUES ('thing', %s", "SELECT 'thing', n").replace("now())", MANY))
        cursor.execute(
            "INSERT INTO exactly_once_sinkposition (sink, xid, seq)"
            " SELECT 'handlers', o.xid, o.seq FROM exactly_once_outboxevent AS o"
            " ORDER BY o.xid DESC, o.seq DESC LIMIT 1"
        )
        cursor.execute("VACUUM ANALYZE exactly_once_outboxevent")

    # when
    with CaptureQueriesContext(connection) as captured:
        feed()
        relay.lag(sink=relay.HANDLERS)
        relay.overdue(sink=relay.HANDLERS, before=NOW)

    # then
    looks = [query["sql"] for query in captured if "exactly_once_outboxevent" in query["sql"]]
    assert len(looks) == 3
    for look in looks:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {look}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on exactly_once_outboxevent" not in plan, plan
        assert "using outbox_event_commit_order" in plan
