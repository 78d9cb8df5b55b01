"""Bodies too long, or in chunks without a length, at the real web server."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.shop import Shop

CHUNK = b"x" * 16_384
MAX_BODY_BYTES = 1024 * 1024
MAX_WEBHOOK_BYTES = 256 * 1024


@pytest.fixture
def line(shop: Shop) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(urlsplit(shop.stack.base_url).netloc, timeout=30)
    yield connection
    connection.close()


def begin(line: HTTPConnection, path: str, chunks: list[bytes], **headers: str) -> None:
    """Send a request without its end."""
    line.putrequest("POST", path)
    for name, value in {"Transfer-Encoding": "chunked", "Content-Type": "application/json", **headers}.items():
        line.putheader(name, value)
    line.endheaders()
    for chunk in chunks:
        line.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))


def problem(answer: HTTPResponse) -> tuple[int, str | None, str]:
    return answer.status, answer.getheader("Content-Type"), json.loads(answer.read())["code"]


def sessions(shop: Shop) -> int:
    return int(shop.sql("SELECT count(*) FROM checkout_checkoutsession")[0][0])


def headers(shop: Shop) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.stack.api_key}", "Idempotency-Key": str(uuid4())}


def test_a_cart_in_chunks_is_a_cart(shop: Shop, line: HTTPConnection) -> None:
    # Given
    cart = json.dumps({"currency": "EUR", "line_items": [{"sku": "TEA-100", "quantity": 3}]}).encode()
    # When
    begin(line, "/api/v1/checkout-sessions", [cart[:20], cart[20:]], **headers(shop))
    line.send(b"0\r\n\r\n")
    answer = line.getresponse()
    # Then
    assert answer.status == 201
    assert [item["quantity"] for item in json.loads(answer.read())["line_items"]] == [3]


def test_an_endless_cart_is_refused_before_its_end(shop: Shop, line: HTTPConnection) -> None:
    # Given
    before = sessions(shop)
    # When one byte too many has come, and no end
    begin(line, "/api/v1/checkout-sessions", [CHUNK] * 64 + [b"x"], **headers(shop))
    # Then
    assert 64 * len(CHUNK) == MAX_BODY_BYTES
    assert problem(line.getresponse()) == (413, "application/problem+json", "body_too_large")
    assert sessions(shop) == before


def test_a_webhook_in_chunks_has_its_own_limit(shop: Shop, line: HTTPConnection) -> None:
    # Given
    events = shop.sql("SELECT count(*) FROM exactly_once_inboxevent")
    # When
    begin(line, "/webhooks/stripe/main", [CHUNK] * 16 + [b"x"])
    line.send(b"0\r\n\r\n")
    # Then
    assert 16 * len(CHUNK) == MAX_WEBHOOK_BYTES
    assert problem(line.getresponse()) == (413, "application/problem+json", "body_too_large")
    assert shop.sql("SELECT count(*) FROM exactly_once_inboxevent") == events


def test_a_body_that_is_announced_as_too_long_need_not_be_sent(shop: Shop, line: HTTPConnection) -> None:
    # Given
    before = sessions(shop)
    # When
    line.putrequest("POST", "/api/v1/checkout-sessions")
    for name, value in {"Content-Type": "application/json", "Content-Length": "100000000", **headers(shop)}.items():
        line.putheader(name, value)
    line.endheaders()
    # Then
    assert problem(line.getresponse()) == (413, "application/problem+json", "body_too_large")
    assert sessions(shop) == before
