"""What makes two events the same one: an id inside them, or some of their fields.

Not here: the window in which the same key is the same event (entrance.py).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError

from exactly_once.errors import FieldError
from exactly_once.ijson import MAX_INTEGER

MAX_KEY_CHARACTERS = 255
MAX_POINTERS = 32

_MISSING = object()

type Canonical = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class EventKey:
    """An event's key, and the SHA-256 of what has to be the same wherever the key is; None where nothing has to."""

    key: str
    fingerprint: bytes | None


@dataclass(eq=False)
class NoKey(Exception):
    """The event has no key where its source's rule looks for it."""

    field: FieldError


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Where the key is: ``pointers`` of one id, or of the fields that are hashed."""

    by_content: bool
    pointers: tuple[str, ...]

    def key_of(self, *, event: Any, canonical: Canonical, form: bytes) -> EventKey:
        """Return the key of an event whose RFC 8785 form is ``form``.

        An id that is a number is the same key as its digits in a text: producers change their minds about that, and the
        fingerprint tells when these are two events. Where fields are the key the others may differ: that is why one
        chooses the fields.

        :raises NoKey: naming the field that is missing or cannot be a key.
        """
        if not self.by_content:
            pointer = self.pointers[0]
            key = _id(pointer, _found(event, pointer))
            return EventKey(key, hashlib.sha256(form).digest())
        fields = [_found(event, pointer) for pointer in self.pointers]
        return EventKey(hashlib.sha256(canonical(fields)).hexdigest(), None)


def check_pointers(value: Any) -> None:
    """Refuse what is no list of JSON Pointers.

    :raises ValidationError: says why.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_POINTERS:
        raise ValidationError(f"A list of 1 to {MAX_POINTERS} JSON Pointers is expected.")
    for pointer in value:
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            raise ValidationError(f"{pointer!r} is no JSON Pointer (RFC 6901): it begins with a slash, or is empty.")
        if len(pointer.replace("~0", "").replace("~1", "").split("~")) > 1:
            raise ValidationError(f"{pointer!r} is no JSON Pointer (RFC 6901): ~ is followed by 0 or 1.")


def _found(event: Any, pointer: str) -> Any:
    value = event
    for step in _steps(pointer):
        value = _step(value, step)
        if value is _MISSING:
            raise NoKey(FieldError(pointer, "required", "This field is part of the event's key, and is missing."))
    return value


def _step(value: Any, step: str) -> Any:
    match value:
        case dict():
            return value.get(step, _MISSING)
        # RFC 6901 knows an index by its digits, without zeros in front.
        case list() if step.isascii() and step.isdecimal() and str(int(step)) == step and int(step) < len(value):
            return value[int(step)]
    return _MISSING


@lru_cache(maxsize=1024)
def _steps(pointer: str) -> tuple[str, ...]:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _id(pointer: str, value: Any) -> str:
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return str(value)
    if not isinstance(value, str):
        raise NoKey(FieldError(pointer, "invalid", "The event's id is to be a text or an integer."))
    if not value:
        raise NoKey(FieldError(pointer, "blank", "The event's id is empty."))
    if len(value) > MAX_KEY_CHARACTERS:
        raise NoKey(FieldError(pointer, "max_length", f"The event's id has more than {MAX_KEY_CHARACTERS} characters."))
    if "\0" in value:
        raise NoKey(FieldError(pointer, "null_characters_not_allowed", "Null characters are not allowed."))
    return value
