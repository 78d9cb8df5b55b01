"""Events that one worker was woken for: what goes wrong with what they share takes nothing from any of them."""

import pytest

from exactly_once import inbox, inbox_batch
from exactly_once.inbox import InboxMessage
from exactly_once.models import InboxEvent
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_where_nobody_can_say_what_is_known_each_event_has_its_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    effects: list[str] = []

    def fail(_: object) -> set[int]:
        raise ZeroDivisionError

    def hear(message: InboxMessage) -> None:
        effects.append(message.event_id)

    monkeypatch.setitem(inbox._handlers, "shop", hear)
    monkeypatch.setitem(inbox_batch._known, "shop", fail)
    events = [
        inbox.receive(source="shop", account="main", event_id=name, headers={}, body=b"{}", now=NOW).id
        for name in ("one", "two")
    ]
    # When
    inbox_batch.process_all(event_ids=events, now=NOW)
    # Then
    assert effects == ["one", "two"]
    assert list(InboxEvent.objects.values_list("state", "attempts")) == [("processed", 0)] * 2


def test_an_event_whose_body_is_no_longer_kept_goes_the_long_way_and_the_others_are_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setitem(inbox._handlers, "shop", lambda _: None)
    monkeypatch.setitem(inbox_batch._known, "shop", lambda messages: {each.id for each in messages})
    kept = inbox.receive(source="shop", account="main", event_id="one", headers={}, body=b"{}", now=NOW).id
    gone = InboxEvent.objects.create(source="shop", account="main", event_id="two", received_at=NOW).pk
    # When
    inbox_batch.process_all(event_ids=[kept, gone], now=NOW)
    # Then
    ended = InboxEvent.objects.order_by("pk").values_list("pk", "state", "attempts")
    assert list(ended) == [(kept, "processed", 0), (gone, "failed", 1)]
