"""Accepted events reach their handler through the inbox, and the admin shows sources and counts."""

import pytest
from django.contrib.auth.models import User
from django.db import ProgrammingError, connection
from django.test import Client
from django.urls import reverse

from exactly_once import inbox, tasks
from exactly_once.doorbell import doorbell
from exactly_once.inbox import InboxMessage
from exactly_once.inbox_replay import EventRange, replay_each
from exactly_once.models import EventSource, InboxEvent
from tests.exactly_once.events import NOW, make_source, send, send_batch, sender, take_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # django-unfold's, not ours: it still serves older Djangos, too.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

EVENT = {"id": "evt_1", "n": 1}


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The events that a worker is to be woken for."""
    events: list[int] = []
    monkeypatch.setattr(doorbell, "ring", events.append)
    return events


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[InboxMessage]:
    """What the handler of ``parcels`` was given."""
    messages: list[InboxMessage] = []
    monkeypatch.setitem(inbox._handlers, "events:parcels", messages.append)
    return messages


def test_each_accepted_event_of_a_batch_gets_its_effect_once(seen: list[InboxMessage], woken: list[int]) -> None:
    # Given
    make_source(has_handler=True)
    # When
    send_batch(sender(), EVENT, EVENT, {"id": "evt_2"}, {"n": 3})
    assert len(woken) == 2
    tasks.process_inbox_events(*woken)
    tasks.process_inbox_events(*woken)
    # Then
    assert [(one.source, one.account, one.event_id, one.body) for one in seen] == [
        ("events:parcels", "cli_test", "evt_1", b'{"id":"evt_1","n":1}'),
        ("events:parcels", "cli_test", "evt_2", b'{"id":"evt_2"}'),
    ]
    assert set(InboxEvent.objects.values_list("state", flat=True)) == {"processed"}


def test_a_batch_wakes_the_workers_for_every_event(seen: list[InboxMessage], woken: list[int]) -> None:
    make_source(has_handler=True)

    send_batch(sender(), *({"id": str(number)} for number in range(1_000)))

    assert len(woken) == 1_000
    assert set(woken) == set(InboxEvent.objects.values_list("pk", flat=True))


def test_nobody_is_woken_for_duplicates_or_for_what_is_only_recorded(woken: list[int]) -> None:
    # Given
    make_source(has_handler=True)
    take_in(EVENT)
    make_source("letters")
    # When
    api = sender()
    send(api, EVENT)
    send(api, EVENT, source="letters")
    # Then
    assert woken == []
    assert not InboxEvent.objects.filter(source="events:letters").exclude(state="processed").exists()


def test_an_event_that_nobody_was_woken_for_is_found_by_the_sweep() -> None:
    # Given
    make_source(has_handler=True)
    [taken] = take_in(EVENT)
    # Then
    assert inbox.due(now=NOW, limit=10) == []
    assert inbox.due(now=NOW + inbox.FIRST_ATTEMPT_AFTER, limit=10) == [taken.inbox_id]


def test_an_event_whose_handler_is_missing_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    make_source(has_handler=True)
    [taken] = take_in(EVENT)
    assert taken.inbox_id is not None
    # When
    assert inbox.process(event_id=taken.inbox_id, now=NOW) == "parked"
    # Then
    event = InboxEvent.objects.get()
    assert event.last_error == "no handler is registered for events:parcels"
    # And when a release brings it
    messages: list[InboxMessage] = []
    monkeypatch.setitem(inbox._handlers, "events:parcels", messages.append)
    assert event.next_attempt_at is not None
    assert inbox.process(event_id=event.pk, now=event.next_attempt_at) == "processed"
    assert [message.event_id for message in messages] == ["evt_1"]


def test_recorded_events_are_given_to_a_handler_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    make_source()
    take_in(EVENT, {"id": "evt_2"})
    recorded = EventRange(source="events:parcels", states=["processed"])
    # When
    without = [state for _, state in replay_each(chosen=recorded, now=NOW)]
    messages: list[InboxMessage] = []
    monkeypatch.setitem(inbox._handlers, "events:parcels", messages.append)
    with_one = [state for _, state in replay_each(chosen=recorded, now=NOW)]
    # Then
    assert (without, with_one) == (["parked"] * 2, ["processed"] * 2)
    assert [message.event_id for message in messages] == ["evt_1", "evt_2"]
    assert not InboxEvent.objects.exclude(state="processed").exists()


def test_the_services_may_take_events_in_and_forget_none() -> None:
    # Given what web and workers may do
    make_source()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE tally_app")
        try:
            # When
            results = [one.result for one in take_in(EVENT, EVENT)] + [one.result for one in take_in(EVENT)]
            # Then
            for table in ("inboxevent", "eventsource", "eventtally"):
                with pytest.raises(ProgrammingError, match="permission denied"):
                    cursor.execute(f"DELETE FROM exactly_once_{table}")
        finally:
            cursor.execute("RESET ROLE")
    assert results == ["accepted", "duplicate", "duplicate"]


def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def form(**fields: str) -> dict[str, str]:
    empty = {"window_0": "", "window": "", "schema": ""}
    return {"name": "parcels", "enabled": "on", "key_by": "id", "key_pointers": '["/id"]', **empty, **fields}


def test_a_source_is_made_in_the_admin() -> None:
    # When
    answer = admin().post(
        reverse("admin:exactly_once_eventsource_add"), form(window="7 00:00:00", schema='{"type": "object"}')
    )
    # Then
    assert answer.status_code == 302, answer.context["errors"]
    source = EventSource.objects.get()
    assert (source.name, source.key_pointers, source.schema) == ("parcels", ["/id"], {"type": "object"})
    assert source.window is not None
    assert source.window.days == 7


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"key_pointers": '["/a", "/b"]'}, "one JSON Pointer is expected"),
        ({"key_pointers": '["id"]'}, "begins with a slash"),
        ({"schema": '{"type": "text"}'}, "No JSON Schema"),
        ({"window": "-1 00:00:00"}, "event_source_window_positive"),
    ],
)
def test_a_source_that_makes_no_sense_is_not_made(fields: dict[str, str], sentence: str) -> None:
    answer = admin().post(reverse("admin:exactly_once_eventsource_add"), form(**fields))

    assert answer.status_code == 200
    assert sentence in str(answer.context["errors"])
    assert not EventSource.objects.exists()


def test_the_admin_shows_the_counts_and_what_is_missing_and_keeps_the_rule_of_the_keys() -> None:
    # Given
    source = make_source(has_handler=True)
    take_in(EVENT, EVENT, {"id": "evt_1", "n": 2}, {}, {"id": "evt_2"})
    take_in(EVENT, account="cli_other")
    client, change = admin(), reverse("admin:exactly_once_eventsource_change", args=[source.pk])
    # When
    [row] = client.get(reverse("admin:exactly_once_eventsource_changelist")).context["cl"].result_list
    page = client.get(change).content.decode()
    client.post(change, form(name="other", key_pointers='["/other"]', window="1 00:00:00"))
    # Then
    assert (row.accepted, row.duplicates, row.conflicts, row.invalid) == (3, 1, 1, 1)
    assert "missing: events:parcels is not registered, its events wait" in page
    changed = EventSource.objects.get()
    assert (changed.name, changed.key_pointers) == ("parcels", ["/id"])
    assert changed.window is not None
    assert not changed.has_handler
    assert client.post(reverse("admin:exactly_once_eventsource_delete", args=[source.pk])).status_code == 403
