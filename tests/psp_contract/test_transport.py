"""What the wire proves: nothing sent, or nothing known. Real sockets that misbehave."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from payments.psp.outcomes import NotSent, Unknown
from tests.broken_server import Behaviour, answer, broken_server, close, keep_silent, reset, say
from tests.processes import free_port
from tests.psp_contract.backends import adapter_at
from tests.psp_contract.replies import ATTEMPT, REFUND, VERBS, authorize, error, found, intent, refund

UNKNOWN: dict[str, Behaviour] = {
    "closed without a reply": close,
    "reset": reset,
    "silent until the client's time is up": keep_silent,
    "half a head": say("HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": say('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "pi_1", '),
    "no HTTP": say("220 mail.example ESMTP\r\n"),
    "no gzip, though it says so": answer(200, intent(), "Content-Encoding: gzip"),
    "no UTF-8": answer(200, b'{"id": "\xff"}'),
    "no JSON": answer(200, "welcome"),
    "JSON without end": answer(200, "[" * 100_000),
    "null": answer(200, "null"),
    "a list": answer(200, "[]"),
    "JSON of something else": answer(200, '{"hello": "world"}'),
    "a payment of nobody": answer(200, intent(metadata={})),
    "a payment of another attempt": answer(200, intent(metadata={"tally_attempt": str(REFUND)})),
    "a payment without an id": answer(200, intent(id=None)),
    "a payment without a status": answer(200, intent(status=None)),
    "a status that is none of Stripe's": answer(200, intent(status="teleported")),
    "an amount with a point": answer(200, intent(amount_received=1290.0)),
    "an amount in text": answer(200, intent(amount_received="1290")),
    "no currency": answer(200, intent(currency=None)),
    "a currency of nobody": answer(200, intent(currency="xxq")),
    "not decided yet": answer(200, intent(status="processing")),
    "500": answer(500, error(type="api_error", message="no")),
    "500 without a body": answer(500, ""),
    "502 of a proxy": answer(502, "<html>bad gateway</html>"),
    "503 of a proxy": answer(503, "<html>later</html>"),
    "402 of a proxy": answer(402, "<html>pay me</html>"),
    "404 of another server": answer(404, '{"error": "not found"}'),
    "400 of another server": answer(400, error(code=400, message="bad")),
    "402 whose error is a number": answer(402, '{"error": 5}'),
    "402 whose error is a list": answer(402, '{"error": [1]}'),
    "a body that is no object": answer(402, '"no"'),
    "429": answer(429, error(type="invalid_request_error", code="rate_limit", message="slow down")),
    "429 as it was once": answer(400, error(type="invalid_request_error", code="rate_limit", message="slow down")),
    "409 key in use": answer(409, error(type="invalid_request_error", code="idempotency_key_in_use", message="wait")),
    "key of another request": answer(400, error(type="idempotency_error", message="no")),
    "401": answer(401, error(type="invalid_request_error", message="Invalid API Key")),
    "403": answer(403, error(type="invalid_request_error", message="not allowed")),
    "418": answer(418, error(type="card_error", code="card_declined")),
}


@pytest.mark.parametrize("behaviour", list(UNKNOWN))
def test_after_the_first_byte_nothing_is_known_and_nothing_is_sent_again(behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(server.url)

    assert isinstance(outcome, Unknown), outcome
    assert outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("429", "RateLimitError 429, rate_limit: slow down"),
        ("409 key in use", "APIError 409, idempotency_key_in_use: wait"),
        ("500", "APIError 500, api_error: no"),
        ("502 of a proxy", "APIError 502, not in Stripe's form"),
        ("silent until the client's time is up", "no reply: ReadTimeout"),
        ("reset", "Connection reset by peer"),
        ("a list", "unreadable reply: AttributeError"),
    ],
)
def test_what_is_unknown_says_why(behaviour: str, told: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(server.url)

    assert isinstance(outcome, Unknown)
    assert told in outcome.detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with (
        broken_server(answer(200, intent())) as elsewhere,
        broken_server(answer(status, "", f"Location: {elsewhere.url}/v1/payment_intents")) as server,
    ):
        outcome = authorize(server.url)

    assert isinstance(outcome, Unknown)
    assert (len(server.requests), elsewhere.requests) == (1, [])


def test_a_redirect_to_where_nobody_listens_was_sent_all_the_same() -> None:
    nowhere = f"Location: http://127.0.0.1:{free_port()}/"
    with broken_server(answer(307, "", nowhere)) as server:
        assert isinstance(authorize(server.url), Unknown)


EVERY_VERB = pytest.mark.parametrize("verb", list(VERBS))


OF_ANOTHER = {
    "capture": ("capture", intent(id="pi_2")),
    "void": ("void", intent(id="pi_2", status="canceled")),
    "refund of another payment": ("refund", refund(payment_intent="pi_2")),
    "another refund of this payment": ("refund", refund(metadata={"tally_refund": str(ATTEMPT)})),
    "retrieve": ("retrieve", intent(id="pi_2")),
    "search": ("search", found(intent(metadata={"tally_attempt": str(REFUND)}))),
    "search for nothing": ("search", '{"data": {}}'),
}


@EVERY_VERB
@pytest.mark.parametrize("behaviour", ["reset", "500", "429", "401", "a list"])
def test_every_verb_keeps_what_is_unknown_unknown(verb: str, behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = VERBS[verb](adapter_at(server.url))

    assert isinstance(outcome, Unknown), outcome
    assert len(server.requests) == 1


@pytest.mark.parametrize("case", list(OF_ANOTHER))
def test_a_reply_about_something_else_is_no_answer(case: str) -> None:
    verb, reply = OF_ANOTHER[case]
    with broken_server(answer(200, reply)) as server:
        assert isinstance(VERBS[verb](adapter_at(server.url)), Unknown)


@EVERY_VERB
def test_every_verb_knows_what_was_not_sent(verb: str) -> None:
    assert isinstance(VERBS[verb](adapter_at(f"http://127.0.0.1:{free_port()}")), NotSent)


@pytest.fixture
def full_server() -> Iterator[str]:
    """The address of a server whose queue is full, so that nobody gets through to it any more."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_connection_that_did_not_come_about_in_time_was_not_sent(full_server: str) -> None:
    assert isinstance(authorize(full_server), NotSent)


def test_a_host_that_does_not_exist_was_not_sent() -> None:
    assert isinstance(authorize("http://psp.invalid"), NotSent)


def test_a_broken_handshake_is_unknown() -> None:
    with broken_server(answer(200, intent())) as server:
        assert isinstance(authorize(server.url.replace("http:", "https:")), Unknown)


def test_a_proxy_that_is_away_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "")
    assert isinstance(authorize("http://psp.invalid"), Unknown)
