"""Workers are woken for every event that came in, by few messages, and nobody waits for that."""

import threading
import time

import pytest

from exactly_once import doorbell as ringing
from exactly_once.doorbell import EVENTS_PER_MESSAGE, TASK, Doorbell
from tests.waiting import eventually


class Sent:
    """What was sent, as `wake` was called."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, tuple[int, ...]]] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.fails = False

    def wake(self, task: str, *ids: int) -> bool:
        self.may_go.wait()
        self.messages.append((task, ids))
        if self.fails:
            raise ZeroDivisionError
        return True

    def ids(self) -> list[int]:
        return [one for _, ids in self.messages for one in ids]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(ringing, "wake", sent.wake)
    return sent


def test_many_events_are_told_by_few_messages_while_nobody_waits(sent: Sent) -> None:
    # Given a broker that takes its time over the first
    bell = Doorbell()
    sent.may_go.clear()
    began = time.monotonic()
    # When
    for event_id in range(1, 252):
        bell.ring(event_id)
    assert time.monotonic() - began < 1
    sent.may_go.set()
    # Then
    eventually(lambda: len(sent.ids()) == 251, "they are told")
    assert sorted(sent.ids()) == list(range(1, 252))
    assert len(sent.messages) <= 2 + 251 // EVENTS_PER_MESSAGE
    assert {task for task, _ in sent.messages} == {TASK}
    assert max(len(ids) for _, ids in sent.messages) == EVENTS_PER_MESSAGE


def test_a_single_event_is_told_at_once(sent: Sent) -> None:
    Doorbell().ring(7)

    eventually(lambda: sent.messages == [(TASK, (7,))], "they are told")


def test_a_message_that_fails_is_not_the_last(sent: Sent) -> None:
    # Given
    bell = Doorbell()
    sent.fails = True
    bell.ring(1)
    eventually(lambda: sent.ids() == [1], "they are told")
    # When
    sent.fails = False
    bell.ring(2)
    # Then
    eventually(lambda: sent.ids() == [1, 2], "they are told")
