"""Bodies: bounded, and JSON that has one meaning only."""

import json

import pytest
from django.conf import settings
from django.test import Client

from exactly_once.models import IdempotencyKey, OutboxEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.exactly_once.urls")]

LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def answer_to(body: bytes, content_type: str = "application/json") -> tuple[int, str | None]:
    client = Client(raise_request_exception=False)
    response = client.post("/things/one", body, content_type=content_type, headers={"Idempotency-Key": "key-1"})
    return response.status_code, json.loads(response.content).get("code")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b'{"a": 1, "a": 2}',
        b'{"list": [{"a": 1, "a": 1}]}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 9007199254740993}',
        rb'{"a": "\ud800"}',
        rb'{"\ud800": 1}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b"[" * 5_000 + b"]" * 5_000,
        b"[" * 200_000 + b"]" * 200_000,
    ],
)
def test_what_readers_take_differently_is_malformed(body: bytes) -> None:
    assert answer_to(body) == (400, "malformed_json")
    assert not IdempotencyKey.objects.exists()
    assert not OutboxEvent.objects.exists()


def test_a_body_has_at_most_one_mebibyte() -> None:
    padding = len(b'{"a": ""}')
    longest = b'{"a": "%s"}' % (b"x" * (LIMIT - padding))

    assert len(longest) == LIMIT == 1024 * 1024
    assert answer_to(longest + b" ") == (413, "body_too_large")
    assert not OutboxEvent.objects.exists()
    assert answer_to(longest) == (201, None)


def test_a_body_of_another_kind_is_refused() -> None:
    assert answer_to(b"a=1", "application/x-www-form-urlencoded") == (415, "unsupported_media_type")
    assert not OutboxEvent.objects.exists()
