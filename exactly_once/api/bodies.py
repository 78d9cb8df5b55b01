"""Reading request bodies: bounded, and for JSON only what every reader understands alike."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from exactly_once import ijson
from exactly_once.card_numbers import fields_with_card_numbers
from exactly_once.errors import FieldError, InvalidInput
from exactly_once.ijson import Document

# Whoever breaks more rules at once mends the first hundred before the next; the answer stays shorter than the request.
MAX_FIELD_ERRORS = 100


class Readable(Protocol):
    """A stream of bytes, such as a request."""

    def read(self, size: int, /) -> bytes: ...


class BodyTooLarge(RequestDataTooBig):
    """A body that is longer than its address takes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"longer than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class IJsonParser(JSONParser):
    """JSON that has one meaning (I-JSON, RFC 7493), and so one canonical form (RFC 8785) for the fingerprint.

    Refuses names that come twice, numbers and texts that readers take differently, and nesting beyond reason.
    """

    def parse(
        self,
        stream: Readable,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body.

        :raises ParseError: it is not I-JSON.
        :raises BodyTooLarge: it is longer than DATA_UPLOAD_MAX_MEMORY_SIZE.
        """
        return read_ijson(stream, limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def read_ijson(stream: Readable, *, limit_bytes: int) -> Any:
    """Return what a body says, for parsers of addresses that take longer bodies, too.

    :raises ParseError: it is not I-JSON.
    :raises InvalidInput: ``invalid_input``: a text looks like a card number. Events of other producers are not looked
        into: of ids with sixteen digits, one in forty does.
    :raises BodyTooLarge: it is longer.
    """
    return _without_cards(read_document(stream, limit_bytes=limit_bytes, use=_whole))


def _without_cards(data: Any) -> Any:
    detail = "This looks like a card number. Send a token of the PSP, never the card itself."
    found = islice(fields_with_card_numbers(data), MAX_FIELD_ERRORS)
    fields = tuple(FieldError(pointer, "card_number", detail) for pointer in found)
    if fields:
        raise InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=fields)
    return data


def read_document[Used](stream: Readable, *, limit_bytes: int, use: Callable[[Document], Used]) -> Used:
    """Return what ``use`` makes of a body. It has to put all that it uses into its canonical form (ijson.read).

    :raises ParseError: it is not I-JSON.
    :raises BodyTooLarge: it is longer.
    """
    body = read_at_most(stream, limit_bytes=limit_bytes)
    try:
        return use(ijson.read(body))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"The body is not JSON that every reader understands alike (RFC 7493): {error}") from error


def _whole(document: Document) -> Any:
    document.canonical(document.data)
    return document.data


def read_at_most(stream: Readable, *, limit_bytes: int) -> bytes:
    """Read the whole body. Django's own limit does not reach bodies that are read as a stream, as DRF does.

    :raises BodyTooLarge: it is longer.
    """
    body = stream.read(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    return body
