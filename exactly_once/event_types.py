"""The types of events that we publish, the version of each, and how an older version becomes today's.

A version only adds: what was there stays, and means the same, so that who read version 1 can read version 2. An example
of every version is in tests/golden/events. Not here: the publishing (outbox.py).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

type Payload = dict[str, Any]
type Upcaster = Callable[[Payload], Payload]


class UnknownVersionError(Exception):
    """Newer code than this has published the event; it waits until this code is replaced, too."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of events.

    :param upcasters: the first makes version 2 out of version 1, the next one version 3 out of that. So there is no
        version without its way to the newest. None of them changes what it is given.
    """

    name: str
    upcasters: tuple[Upcaster, ...] = ()

    @property
    def version(self) -> int:
        """Return the version that is published today."""
        return len(self.upcasters) + 1

    def upcast(self, payload: Payload, *, version: int) -> Payload:
        """Return the payload of a version as today's.

        :raises UnknownVersionError: there is no such version yet.
        """
        if not 1 <= version <= self.version:
            raise UnknownVersionError(f"{self.name} has version {version}; this code knows 1 to {self.version}.")
        for upcaster in self.upcasters[version - 1 :]:
            payload = upcaster(payload)
        return payload


_declared: dict[str, EventType] = {}


def declare(types: Iterable[EventType]) -> None:
    """Make types known, to who publishes and to who hears."""
    _declared.update((event_type.name, event_type) for event_type in types)


def declared() -> dict[str, EventType]:
    """Return all types by name."""
    return dict(_declared)


def published_version(name: str) -> int:
    """Return the version of a type that is published today.

    :raises LookupError: nobody has declared the type.
    """
    if name not in _declared:
        raise LookupError(f"The event type {name} is not declared: see exactly_once.event_types.declare.")
    return _declared[name].version


def upcast(*, type: str, version: int, payload: Payload) -> Payload:
    """Return the payload of an event as today's code wants it.

    :raises UnknownVersionError: this code knows no such type, or no such version of it.
    """
    if type not in _declared:
        raise UnknownVersionError(f"This code knows no event type {type}.")
    return _declared[type].upcast(payload, version=version)
