"""Each check of ``verify`` is quiet about a healthy system and names what breaks its invariant, and only that check."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_subatomic.db import transaction

from exactly_once import inbox, keys, outbox, relay
from exactly_once.keys import KeyedRequest, StoredResponse
from exactly_once.models import HandlerRun, InboxEvent, SinkPosition
from exactly_once.verify import checks
from tests.exactly_once.events import make_source, take_in

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
AN_HOUR_AGO = NOW - timedelta(hours=1, minutes=1)


@pytest.fixture(autouse=True)
def _a_system_that_has_done_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "wake", lambda *_, **__: False)
    monkeypatch.setitem(outbox._subscribers, "thing.done", {"mail": lambda _: None})
    monkeypatch.setitem(inbox._handlers, "shop", lambda _: None)
    keys.once(
        keyed=KeyedRequest(client="cli_a", key="key-1", fingerprint=b"a" * 32),
        now=AN_HOUR_AGO,
        lease_seconds=30,
        work=lambda _: StoredResponse(status=201, body=b"{}"),
        refuse=lambda _: StoredResponse(status=409, body=b"{}"),
    )
    event = inbox.receive(source="shop", account="main", event_id="evt_1", headers={}, body=b"{}", now=AN_HOUR_AGO)
    inbox.process(event_id=event.id, now=NOW)
    make_source()
    take_in({"id": "evt_1"}, {"id": "evt_2"}, {"id": "evt_2"})
    with transaction():
        for _ in range(3):
            outbox.publish(aggregatetype="thing", aggregateid="one", type="thing.done", payload={}, now=NOW)
    while any(relay.behind(sink=sink) for sink in relay.SINKS):
        relay.feed_all(now=NOW)
    HandlerRun.objects.update(state="done", next_attempt_at=None)


def broken() -> dict[str, str]:
    return {result.name: result.detail for result in checks(now=datetime.now(UTC)) if not result.passed}


def as_the_owner(*statements: str) -> None:
    """Change rows as only somebody can who switches the triggers off."""
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)


def leave_a_key_in_flight() -> None:
    keys.once(
        keyed=KeyedRequest(client="cli_a", key="key-2", fingerprint=b"a" * 32),
        now=AN_HOUR_AGO - timedelta(minutes=1),
        lease_seconds=30,
        work=lambda _: None,
        refuse=lambda _: StoredResponse(status=409, body=b"{}"),
    )


def leave_an_event_waiting() -> None:
    inbox.receive(source="shop", account="main", event_id="evt_2", headers={}, body=b"{}", now=AN_HOUR_AGO)


def lose_an_accepted_event() -> None:
    InboxEvent.objects.filter(source="events:parcels", event_id="evt_2").delete()


def lose_an_event() -> None:
    as_the_owner(
        "DELETE FROM exactly_once_handlerrun WHERE event_id IN"
        " (SELECT id FROM exactly_once_outboxevent WHERE aggregate_version = 2)",
        "DELETE FROM exactly_once_outboxevent WHERE aggregate_version = 2",
    )


def stop_the_relay() -> None:
    SinkPosition.objects.update(xid="0", seq=0)
    as_the_owner("UPDATE exactly_once_outboxevent SET recorded_at = now() - interval '61 minutes'")
    as_the_owner("UPDATE exactly_once_handlerrun SET state = 'done'")


def restore_from_another_server() -> None:
    as_the_owner("UPDATE exactly_once_outboxevent SET xid = '9000000000' WHERE aggregate_version = 3")
    SinkPosition.objects.update(xid="9000000000", seq=9_000_000_000)


def leave_a_handler_undone() -> None:
    as_the_owner("UPDATE exactly_once_outboxevent SET recorded_at = now() - interval '61 minutes'")
    HandlerRun.objects.filter(event__aggregate_version=1).update(state="failed")


def switch_a_trigger_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE exactly_once_inboxevent DISABLE TRIGGER USER")


@pytest.fixture
def _triggers_on_again() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE exactly_once_inboxevent ENABLE TRIGGER USER")


def test_a_healthy_system_passes_every_check() -> None:
    assert broken() == {}
    assert all(result.checked > 0 for result in checks(now=datetime.now(UTC)) if "change feed" not in result.name)


@pytest.mark.usefixtures("_triggers_on_again")
@pytest.mark.parametrize(
    ("damage", "check", "detail"),
    [
        (leave_a_key_in_flight, "one response per key", "1 wrong: key-2"),
        (leave_an_event_waiting, "every inbox event has had its effect", "1 wrong: evt_2"),
        (lose_an_accepted_event, "every event that was accepted is kept", "1 wrong: events:parcels cli_test"),
        (lose_an_event, "versions of each aggregate's events have no gap", "1 wrong: one"),
        (stop_the_relay, "every committed outbox event has reached its sinks", "6 wrong: handlers "),
        (
            restore_from_another_server,
            "count in this server's transactions",
            "3 wrong: one, sink handlers, sink webhooks",
        ),
        (leave_a_handler_undone, "every handler has run to its end", "1 wrong: mail "),
        (switch_a_trigger_off, "every trigger that keeps rows as they are", "final of exactly_once_inboxevent"),
    ],
)
def test_damage_is_named_by_its_check_alone(damage: Callable[[], None], check: str, detail: str) -> None:
    # When
    damage()
    # Then
    ((name, found),) = broken().items()
    assert check in name
    assert detail in found


def test_what_is_under_way_is_no_damage() -> None:
    # Given work that nobody has come to yet
    inbox.receive(source="shop", account="main", event_id="evt_2", headers={}, body=b"{}", now=NOW)
    with transaction():
        outbox.publish(aggregatetype="thing", aggregateid="two", type="thing.done", payload={}, now=NOW)
    # Then
    assert InboxEvent.objects.filter(state="received").count() == 1
    assert broken() == {}
