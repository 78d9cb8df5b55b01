"""What the wire proves, whichever PSP is at its end: nothing sent, or nothing known. Real sockets that misbehave."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from payments.psp.outcomes import NoLookUp, NotSent, Unknown
from tests.broken_server import Behaviour, answer, broken_server, close, keep_silent, reset, say
from tests.processes import free_port
from tests.psp_contract.backends import PSPS
from tests.psp_contract.calls import LOOK_UPS, VERBS, authorize
from tests.psp_contract.pairs import Psp

UNKNOWN: dict[str, Behaviour] = {
    "closed without a reply": close,
    "reset": reset,
    "silent until the client's time is up": keep_silent,
    "half a head": say("HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": say('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "pi_1", '),
    "no HTTP": say("220 mail.example ESMTP\r\n"),
    "no gzip, though it says so": answer(200, "{}", "Content-Encoding: gzip"),
    "no UTF-8": answer(200, b'{"id": "\xff"}'),
    "no JSON": answer(200, "welcome"),
    "JSON without end": answer(200, "[" * 100_000),
    "null": answer(200, "null"),
    "a list": answer(200, "[]"),
    "JSON of something else": answer(200, '{"hello": "world"}'),
    "500 without a body": answer(500, ""),
    "502 of a proxy": answer(502, "<html>bad gateway</html>"),
    "503 of a proxy": answer(503, "<html>later</html>"),
    "402 of a proxy": answer(402, "<html>pay me</html>"),
    "401 of a proxy": answer(401, "<html>who are you</html>"),
    "422 of a proxy": answer(422, "<html>no</html>"),
    "404 of another server": answer(404, '{"error": "not found"}'),
    "422 of another server": answer(422, '{"message": "no"}'),
    "a body that is no object": answer(402, '"no"'),
    "429 of a proxy": answer(429, "<html>later</html>"),
}


@pytest.fixture(params=list(PSPS))
def psp(request: pytest.FixtureRequest) -> Psp:
    return PSPS[request.param]


@pytest.mark.parametrize("behaviour", list(UNKNOWN))
def test_after_the_first_byte_nothing_is_known_and_nothing_is_sent_again(psp: Psp, behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(psp, server.url)

    assert isinstance(outcome, Unknown), outcome
    assert outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("silent until the client's time is up", "no reply: ReadTimeout"),
        ("reset", "Connection reset by peer"),
        ("a list", "unreadable reply: "),
    ],
)
def test_what_is_unknown_says_why(psp: Psp, behaviour: str, told: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(psp, server.url)

    assert isinstance(outcome, Unknown)
    assert told in outcome.detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(psp: Psp, status: int) -> None:
    with (
        broken_server(answer(200, psp.approval)) as elsewhere,
        broken_server(answer(status, "", f"Location: {elsewhere.url}/v1/payment_intents")) as server,
    ):
        outcome = authorize(psp, server.url)

    assert isinstance(outcome, Unknown)
    assert (len(server.requests), elsewhere.requests) == (1, [])


def test_a_redirect_to_where_nobody_listens_was_sent_all_the_same(psp: Psp) -> None:
    nowhere = f"Location: http://127.0.0.1:{free_port()}/"
    with broken_server(answer(307, "", nowhere)) as server:
        assert isinstance(authorize(psp, server.url), Unknown)


EVERY_VERB = pytest.mark.parametrize("verb", [*VERBS, *LOOK_UPS])


@EVERY_VERB
@pytest.mark.parametrize("behaviour", ["reset", "502 of a proxy", "401 of a proxy", "429 of a proxy", "a list"])
def test_every_verb_keeps_what_is_unknown_unknown(psp: Psp, verb: str, behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = {**VERBS, **LOOK_UPS}[verb](psp.adapter_at(server.url))

    if verb in LOOK_UPS and not psp.look_ups:
        assert (outcome, server.requests) == (NoLookUp(), [])
    else:
        assert isinstance(outcome, Unknown), outcome
        assert len(server.requests) == 1


@EVERY_VERB
def test_every_verb_knows_what_was_not_sent(psp: Psp, verb: str) -> None:
    outcome = {**VERBS, **LOOK_UPS}[verb](psp.adapter_at(f"http://127.0.0.1:{free_port()}"))
    assert isinstance(outcome, NoLookUp if verb in LOOK_UPS and not psp.look_ups else NotSent)


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


def test_a_connection_that_did_not_come_about_in_time_was_not_sent(psp: Psp, full_server: str) -> None:
    assert isinstance(authorize(psp, full_server), NotSent)


def test_a_host_that_does_not_exist_was_not_sent(psp: Psp) -> None:
    assert isinstance(authorize(psp, "http://psp.invalid"), NotSent)


def test_a_broken_handshake_is_unknown(psp: Psp) -> None:
    with broken_server(answer(200, psp.approval)) as server:
        assert isinstance(authorize(psp, server.url.replace("http:", "https:")), Unknown)


def test_a_proxy_that_is_away_is_unknown(psp: Psp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "")
    assert isinstance(authorize(psp, "http://psp.invalid"), Unknown)
