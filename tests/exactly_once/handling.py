"""Handlers of the tests' own, and runs of them."""

from collections.abc import Callable

from django_subatomic import db

from exactly_once import outbox
from exactly_once.models import HandlerRun
from exactly_once.outbox import OutboxMessage
from tests.factories import NOW

type Listen = Callable[[outbox.Subscriber], None]


class Clock:
    """The workers' clock: it stands still unless a handler takes its time."""

    seconds = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


def fail(_: OutboxMessage) -> None:
    """Handle an event in vain."""
    raise ZeroDivisionError("no such luck")


def runs_of(*things: str) -> list[int]:
    """Return due runs of the listener, each for an event of one of these."""
    with db.transaction():
        events = [
            outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload={}, now=NOW)
            for thing in things
        ]
    return [HandlerRun.objects.create(handler="listener", event_id=each, next_attempt_at=NOW).pk for each in events]
