"""What a broken wire proves: nothing sent, or nothing known. Real sockets that misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from ledger.money import Money
from payments.psp.base import AuthorizeOutcome, NotSent, Unknown
from tests.processes import free_port
from tests.psp_contract.conftest import adapter_at


def _authorize(url: str) -> AuthorizeOutcome:
    return adapter_at(url, read_timeout_seconds=0.5).authorize(
        key="key", attempt_id=uuid4(), money=Money(1290, "EUR"), token="pm_card_visa", capture=True, description=""
    )


@contextmanager
def _server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept one connection, read the request, and do to it what ``behave`` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                connection.recv(65536)
                behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(timeout=10)


def _reply(text: str) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text.encode())


def _http(status: str, body: str) -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return _reply(head + body)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def _silence(connection: socket.socket) -> None:
    connection.recv(1)  # until the client gives up and closes


UNKNOWN: dict[str, Callable[[socket.socket], None]] = {
    "closed without a reply": lambda _connection: None,
    "reset": _reset,
    "silent until the client's time is up": _silence,
    "500": _http("500 Internal Server Error", '{"error": {"type": "api_error", "message": "no"}}'),
    "503 of a proxy": _http("503 Service Unavailable", "<html>later</html>"),
    "429": _http("429 Too Many Requests", '{"error": {"type": "invalid_request_error", "message": "slow down"}}'),
    "409 key in use": _http("409 Conflict", '{"error": {"type": "idempotency_error", "message": "in use"}}'),
    "key of another request": _http("400 Bad Request", '{"error": {"type": "idempotency_error", "message": "no"}}'),
    "no JSON": _http("200 OK", "welcome"),
    "JSON of something else": _http("200 OK", '{"hello": "world"}'),
    "half a reply": _reply('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "pi_1", '),
}


@pytest.mark.parametrize("behaviour", list(UNKNOWN))
def test_after_the_first_byte_nothing_is_known(behaviour: str) -> None:
    with _server(UNKNOWN[behaviour]) as url:
        assert isinstance(_authorize(url), Unknown)


def test_a_refused_connection_was_not_sent() -> None:
    assert isinstance(_authorize(f"http://127.0.0.1:{free_port()}"), NotSent)


def test_a_host_that_does_not_exist_was_not_sent() -> None:
    assert isinstance(_authorize("http://psp.invalid"), NotSent)
