"""Reading request bodies: bounded, and for JSON only what every reader understands alike."""

import json
from collections.abc import Mapping
from typing import Any, Never, Protocol

import rfc8785
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


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
    :raises BodyTooLarge: it is longer.
    """
    body = read_at_most(stream, limit_bytes=limit_bytes)
    try:
        data = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
        rfc8785.dumps(data)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"The body is not JSON that every reader understands alike (RFC 7493): {error}") from error
    return data


def read_at_most(stream: Readable, *, limit_bytes: int) -> bytes:
    """Read the whole body. Django's own limit does not reach bodies that are read as a stream, as DRF does.

    :raises BodyTooLarge: it is longer.
    """
    body = stream.read(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name comes twice in one object")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")
