"""The bodies of the entrance: one event, or a batch of them, each with its canonical form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from exactly_once import ijson
from exactly_once.api.bodies import Readable, read_document
from exactly_once.entrance import MAX_EVENTS, SentEvent
from exactly_once.errors import FieldError, InvalidInput
from exactly_once.event_keys import Canonical
from exactly_once.ijson import Document


@dataclass(frozen=True, slots=True)
class SentEvents:
    """What a request brings; ``canonical`` gives the RFC 8785 form of any part of it."""

    events: list[SentEvent]
    canonical: Canonical


class _EventParser(BaseParser):
    """No JSONParser: those get a body that Django has measured with its own, shorter limit."""

    media_type = "application/json"


class EventParser(_EventParser):
    """Reads one event."""

    def parse(
        self, stream: Readable, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the event, as :class:`SentEvents`.

        :raises ParseError: the body is not I-JSON.
        :raises BodyTooLarge: it is longer than DATA_UPLOAD_MAX_MEMORY_SIZE.
        """
        return read_document(stream, limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, use=_one)


class EventBatchParser(_EventParser):
    """Reads ``{"events": [...]}``."""

    def parse(
        self, stream: Readable, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the events, as :class:`SentEvents`.

        :raises ParseError: the body is not I-JSON.
        :raises BodyTooLarge: it is longer than EVENT_BATCH_MAX_BYTES.
        :raises InvalidInput: ``invalid_input``: it is no list of 1 to 1,000 events.
        """
        return read_document(stream, limit_bytes=settings.EVENT_BATCH_MAX_BYTES, use=_batch)


def sent_events(request: Request, *, batch: bool) -> SentEvents:
    """Return the body of a request; one without any body says ``{}``, as everywhere.

    :raises InvalidInput: ``invalid_input``: it is no list of 1 to 1,000 events.
    """
    body: Any = request.data
    if isinstance(body, SentEvents):
        return body
    return (_batch if batch else _one)(ijson.read(b"{}"))


def _one(document: Document) -> SentEvents:
    return SentEvents([_sent(document, document.data)], document.canonical)


def _batch(document: Document) -> SentEvents:
    wrong = _wrong(document.data)
    if wrong:
        # The answer quotes names of it: only such as every reader understands.
        document.canonical(document.data)
        raise InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=tuple(wrong))
    return SentEvents([_sent(document, event) for event in document.data["events"]], document.canonical)


def _sent(document: Document, event: Any) -> SentEvent:
    return SentEvent(event, document.canonical(event))


def _wrong(body: Any) -> list[FieldError]:
    if not isinstance(body, dict):
        return [FieldError("", "invalid", "An object with the events is expected.")]
    unknown = [
        FieldError("/" + name.replace("~", "~0").replace("/", "~1"), "unknown_field", "No such field is known here.")
        for name in sorted(body.keys() - {"events"})[:100]
    ]
    match body.get("events"):
        case None:
            return [*unknown, FieldError("/events", "required", "This field is required.")]
        case []:
            return [*unknown, FieldError("/events", "empty", "At least one event is expected.")]
        case list() as events if len(events) > MAX_EVENTS:
            return [*unknown, FieldError("/events", "max_length", f"A batch has at most {MAX_EVENTS} events.")]
        case list():
            return unknown
    return [*unknown, FieldError("/events", "not_a_list", "A list of events is expected.")]
