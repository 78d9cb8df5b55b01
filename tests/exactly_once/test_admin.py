"""The admin shows keys, inbox and outbox as they are, and asks for another attempt; it edits nothing."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django_subatomic.db import transaction

from exactly_once import admin as admins
from exactly_once import inbox, keys, outbox
from exactly_once.inbox import InboxMessage
from exactly_once.keys import KeyedRequest, StoredResponse
from exactly_once.models import HandlerRun, IdempotencyKey, InboxEvent, OutboxEvent, SinkPosition

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # django-unfold's, not ours: it still serves older Djangos, too.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MODELS = (IdempotencyKey, InboxEvent, OutboxEvent, HandlerRun, SinkPosition)


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []
    for module in (admins.inbox, admins.outbox):
        monkeypatch.setattr(module, "wake", lambda *call: calls.append(call))
    return calls


@pytest.fixture(autouse=True)
def rows() -> dict[type, int | object]:
    """One row of each kind: an answered key, a parked event, a published event with a failed handler."""
    keys.once(
        keyed=KeyedRequest(client="cli_ada", key="key-1", fingerprint=b"\xab" * 32),
        now=NOW,
        lease_seconds=30,
        work=lambda _: StoredResponse(status=201, body='{"name":"<b>Ädä</b>"}'.encode()),
        refuse=lambda _: StoredResponse(status=409, body=b""),
    )
    event = inbox.receive(
        source="nobody", account="main", event_id="evt_1", headers={"x": "1"}, body=b"<raw>\xff", now=NOW
    )
    inbox.process(event_id=event.id, now=NOW)
    with transaction():
        event_id = outbox.publish(
            aggregatetype="order", aggregateid="ord_1", type="order.confirmed", payload={"total": 1290}, now=NOW
        )
    run = HandlerRun.objects.create(event_id=event_id, handler="mail", state="failed", attempts=20)
    position = SinkPosition.objects.create(sink="handlers")
    key = IdempotencyKey.objects.get()
    return {
        IdempotencyKey: key.pk,
        InboxEvent: event.id,
        OutboxEvent: event_id,
        HandlerRun: run.pk,
        SinkPosition: position.pk,
    }


def signed_in(*permissions: str) -> Client:
    user = User.objects.create_user("ada", is_staff=True, is_superuser=not permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:exactly_once_{model.__name__.lower()}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_and_finds_by_search(model: type) -> None:
    # Given
    client = signed_in()
    found: dict[type, str] = {
        IdempotencyKey: "cli_ada",
        InboxEvent: "evt_1",
        OutboxEvent: "ord_1",
        HandlerRun: "ord_1",
        SinkPosition: "handlers",
    }
    # Then
    assert client.get(address(model, "changelist"), {"q": found[model]}).context["cl"].result_count == 1
    assert client.get(address(model, "changelist"), {"q": "nothing of that kind"}).context["cl"].result_count == 0


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes_by_hand(model: type, rows: dict[type, object]) -> None:
    # Given
    client = signed_in()
    # Then
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "change", rows[model]), {}).status_code == 403
    assert client.post(address(model, "delete", rows[model]), {"post": "yes"}).status_code == 403
    assert client.get(address(model, "change", rows[model])).status_code == 200


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (IdempotencyKey, "&lt;b&gt;Ädä&lt;/b&gt;"),
        (IdempotencyKey, "ab" * 32),
        (InboxEvent, "&lt;raw&gt;\\xff"),
        (InboxEvent, "no handler is registered for nobody"),
        (OutboxEvent, "&quot;total&quot;: 1290"),
        (OutboxEvent, "mail"),
    ],
)
def test_bodies_are_shown_as_they_came_and_run_nothing(model: type, shown: str, rows: dict[type, object]) -> None:
    assert shown in signed_in().get(address(model, "change", rows[model])).content.decode()


def test_a_parked_event_is_processed_again(
    rows: dict[type, int], woken: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the cause is gone
    seen: list[InboxMessage] = []
    monkeypatch.setitem(inbox._handlers, "nobody", seen.append)
    client, event_id = signed_in(), rows[InboxEvent]
    ask = {"action": "process_again", "_selected_action": [event_id]}
    # When nobody has confirmed it
    asked = client.post(address(InboxEvent, "changelist"), ask).content.decode()
    # Then it is foreseen
    assert "1 of 1 processed again, at once" in asked
    assert (woken, InboxEvent.objects.get().state) == ([], "parked")
    # When
    ask |= {"confirmed": "yes"}
    client.post(address(InboxEvent, "changelist"), ask)
    # Then
    assert woken == [("exactly_once.process_inbox_event", event_id)]
    assert inbox.process(event_id=event_id, now=datetime.now(UTC)) == "processed"
    # And a double click does not process it twice
    page = client.post(address(InboxEvent, "changelist"), ask, follow=True).content.decode()
    assert "0 of 1 events are processed again" in page
    assert len(woken) == len(seen) == 1
    # Of which the page warns
    del ask["confirmed"]
    page = client.post(address(InboxEvent, "changelist"), ask).content.decode()
    assert "1 of 1 left alone: neither parked nor failed" in page
    assert "There is nothing to do." in page


def test_a_failed_handler_runs_again(rows: dict[type, int], woken: list[tuple[object, ...]]) -> None:
    # When
    run_id = rows[HandlerRun]
    client, ask = signed_in(), {"action": "run_again", "_selected_action": [run_id]}
    asked = client.post(address(HandlerRun, "changelist"), ask).content.decode()
    assert "1 of 1 run again, at once" in asked
    assert woken == []
    client.post(address(HandlerRun, "changelist"), {**ask, "confirmed": "yes"})
    # Then
    assert woken == [("exactly_once.run_handler", run_id)]
    run = HandlerRun.objects.get()
    assert (run.state, run.attempts) == ("pending", 0)


def test_who_may_only_look_cannot_ask_for_another_attempt(rows: dict[type, int], woken: list[object]) -> None:
    # Given
    client = signed_in("view_inboxevent")
    # When
    ask = {"action": "process_again", "_selected_action": [rows[InboxEvent]], "confirmed": "yes"}
    assert client.post(address(InboxEvent, "changelist"), ask).status_code == 403
    # Then
    assert woken == []
    assert InboxEvent.objects.get().state == "parked"
