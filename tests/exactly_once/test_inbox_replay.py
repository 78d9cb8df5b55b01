"""Events that are processed again: shown before, harmless after."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_subatomic.db import transaction

from exactly_once import inbox, outbox
from exactly_once.inbox import InboxMessage, Park, Received
from exactly_once.inbox_preview import TableChange, preview
from exactly_once.inbox_replay import EventRange, count, replay_each
from exactly_once.models import InboxBody, InboxEvent, OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def receive(event_id: str, *, source: str = "shop", at: datetime = NOW) -> Received:
    return inbox.receive(source=source, account="main", event_id=event_id, headers={}, body=b"{}", now=at)


def publish_once(message: InboxMessage) -> None:
    """An effect with a key of its own, as every effect has."""
    if not OutboxEvent.objects.filter(aggregateid=message.event_id).exists():
        outbox.publish(aggregatetype="event", aggregateid=message.event_id, type="event.seen", payload={}, now=NOW)


def park(_message: InboxMessage) -> None:
    raise Park("too early")


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("shop", "other"):
        monkeypatch.setitem(inbox._handlers, source, publish_once)


def replay(**options: object) -> str:
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", printed)
        call_command("inbox_replay", **options)
    return printed.getvalue()


def test_a_preview_says_what_would_change_and_changes_nothing() -> None:
    # Given
    event = receive("evt_1")
    # When
    shown = preview(event_id=event.id, now=NOW)
    # Then
    assert (shown.state, shown.outcome) == ("received", "processed")
    assert shown.changes == [TableChange("exactly_once_outboxevent", inserted=1, updated=0, deleted=0)]
    assert shown.lines == ["publishes event.seen evt_1"]
    assert InboxEvent.objects.get().state == "received"
    assert not OutboxEvent.objects.exists()


def test_a_preview_of_what_has_had_its_effect_shows_no_change() -> None:
    event = receive("evt_1")
    assert inbox.process(event_id=event.id, now=NOW) == "processed"

    shown = preview(event_id=event.id, now=NOW)

    assert (shown.outcome, shown.changes_anything, shown.lines) == ("processed", False, [])


@pytest.mark.parametrize(("error", "outcome"), [(Park("too early"), "parked"), (KeyError("shop"), "failed")])
def test_a_preview_says_why_an_event_would_not_have_its_effect(
    monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: str
) -> None:
    # Given a handler that begins and breaks off
    def begin(message: InboxMessage) -> None:
        publish_once(message)
        raise error

    monkeypatch.setitem(inbox._handlers, "shop", begin)
    event = receive("evt_1")
    # When
    shown = preview(event_id=event.id, now=NOW)
    # Then
    assert (shown.outcome, shown.changes, shown.lines) == (outcome, [], [])
    assert shown.reason in {"too early", "KeyError('shop')"}
    assert InboxEvent.objects.get().attempts == 0


def test_parked_failed_and_processed_events_are_replayed_each_to_one_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given one that is parked, one that failed for good, and one that is done
    done = receive("evt_1")
    inbox.process(event_id=done.id, now=NOW)
    waiting = [receive("evt_2").id, receive("evt_3").id]
    monkeypatch.setitem(inbox._handlers, "shop", park)
    for event_id in waiting:
        inbox.process(event_id=event_id, now=NOW)
    InboxEvent.objects.filter(pk=waiting[1]).update(state="failed", next_attempt_at=None, attempts=99)
    monkeypatch.setitem(inbox._handlers, "shop", publish_once)
    # When, twice
    everything = EventRange(states=("received", "parked", "failed", "processed"))
    for _ in range(2):
        assert [state for _, state in replay_each(chosen=everything, now=NOW)] == ["processed"] * 3
    # Then
    assert sorted(OutboxEvent.objects.values_list("aggregateid", flat=True)) == ["evt_1", "evt_2", "evt_3"]


def test_a_range_is_a_source_an_account_and_a_time() -> None:
    for day in range(3):
        receive(f"evt_{day}", at=NOW + timedelta(days=day))
    receive("evt_9", source="other")

    assert count(chosen=EventRange()) == 4
    assert count(chosen=EventRange(source="other")) == 1
    assert count(chosen=EventRange(account="nobody")) == 0
    assert count(chosen=EventRange(source="shop", since=NOW + timedelta(days=1), until=NOW + timedelta(days=2))) == 1


def test_the_command_shows_the_difference_and_then_makes_it() -> None:
    # Given
    receive("evt_1")
    # When
    shown, done, again = replay(dry_run=True), replay(), replay(state=["processed"], dry_run=True)
    # Then
    assert "shop evt_1: received -> processed" in shown
    assert "exactly_once_outboxevent: 1 inserted, 0 updated, 0 deleted" in shown
    assert "publishes event.seen evt_1" in shown
    assert "processed" in done
    assert "processed, no change" in again
    assert OutboxEvent.objects.count() == 1


def test_the_command_fails_where_an_event_is_still_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(inbox._handlers, "shop", park)
    receive("evt_1")

    with pytest.raises(CommandError, match="1 of 1 events have not had their effect"):
        replay()


def test_an_event_whose_body_is_no_longer_kept_is_parked_and_says_so() -> None:
    # Given
    with transaction():
        event = InboxEvent.objects.create(source="shop", account="main", event_id="evt_1", received_at=NOW)
    assert not InboxBody.objects.exists()
    # When, Then
    assert preview(event_id=event.pk, now=NOW).reason == "shop evt_1 came on 2026-11-23: its body is no longer kept"
