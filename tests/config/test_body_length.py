"""Chunked bodies, at the WSGI entry point. tests/flows/test_bodies.py sends them to the real server."""

import json
import re
from io import BytesIO
from typing import Any

import pytest

from config.body_length import ChunkedBodies

LIMIT_BYTES = 10


class Seen:
    """An application that notes what reached it, and the answers that were started."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str | None, bytes]] = []
        self.answers: list[tuple[str, dict[str, str]]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.bodies.append((environ.get("CONTENT_LENGTH"), environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return [b"done"]

    def start_response(self, status: str, headers: list[tuple[str, str]], _error: object = None, /) -> Any:
        self.answers.append((status, dict(headers)))

    def send(self, stream: BytesIO, **environ: Any) -> bytes:
        chunked = ChunkedBodies(self, limit_bytes=LIMIT_BYTES, longer={re.compile(r"/batch/[^/]+"): 2 * LIMIT_BYTES})
        request = {"REQUEST_METHOD": "POST", "PATH_INFO": "/x", "wsgi.input": stream, **environ}
        return b"".join(chunked(request, self.start_response))


@pytest.fixture
def seen() -> Seen:
    return Seen()


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


@pytest.mark.parametrize("body", [b"", b"abc", b"x" * LIMIT_BYTES])
def test_a_chunked_body_arrives_whole_and_with_its_length(seen: Seen, body: bytes) -> None:
    assert seen.send(BytesIO(body), **CHUNKED) == b"done"
    assert seen.bodies == [(str(len(body)), body)]


def test_a_length_beside_the_chunks_is_not_believed(seen: Seen) -> None:
    seen.send(BytesIO(b"abcdef"), CONTENT_LENGTH="3", **CHUNKED)

    assert seen.bodies == [("6", b"abcdef")]


def test_a_chunked_body_over_the_limit_is_refused_and_not_read_to_its_end(seen: Seen) -> None:
    # Given
    stream = BytesIO(b"x" * 1_000)
    # When
    answer = seen.send(stream, **CHUNKED)
    # Then
    assert json.loads(answer) == {
        "type": "/docs/errors#body_too_large",
        "title": "Body too large",
        "status": 413,
        "detail": "A body has at most 10 bytes here.",
        "code": "body_too_large",
    }
    headers = {"Content-Type": "application/problem+json", "Content-Length": str(len(answer))}
    assert seen.answers == [("413 Content Too Large", headers)]
    assert stream.tell() == LIMIT_BYTES + 1
    assert seen.bodies == []


@pytest.mark.parametrize("environ", [{"CONTENT_LENGTH": "20"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_other_bodies_are_left_alone(seen: Seen, environ: dict[str, Any]) -> None:
    body = b"x" * (2 * LIMIT_BYTES)

    assert seen.send(BytesIO(body), **environ) == b"done"
    assert seen.bodies == [(environ.get("CONTENT_LENGTH"), body)]


def test_an_address_may_have_a_limit_of_its_own(seen: Seen) -> None:
    # Given
    longer = b"x" * (2 * LIMIT_BYTES)
    # When
    seen.send(BytesIO(longer), PATH_INFO="/batch/1", **CHUNKED)
    too_long = seen.send(BytesIO(longer + b"x"), PATH_INFO="/batch/1", **CHUNKED)
    below = seen.send(BytesIO(longer), PATH_INFO="/batch/1/2", **CHUNKED)
    # Then
    assert seen.bodies == [(str(len(longer)), longer)]
    assert [json.loads(answer)["detail"] for answer in (too_long, below)] == [
        "A body has at most 20 bytes here.",
        "A body has at most 10 bytes here.",
    ]
