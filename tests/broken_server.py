"""A server that does to each request whatever a test wants done to it: real sockets that misbehave."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

type Behaviour = Callable[[socket.socket], None]

_END_OF_HEAD = b"\r\n\r\n"
PATIENCE_SECONDS = 5.0


class BrokenServer:
    """Listens on this machine, keeps every request that it was sent, and behaves as told."""

    def __init__(self, behaviour: Behaviour, most_requests: int | None = None) -> None:
        self.requests: list[bytes] = []
        self._behaviour = behaviour
        self._most_requests = most_requests
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; a request that is under way comes to its end first."""
        with suppress(OSError):  # it has closed by itself
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join(timeout=2 * PATIENCE_SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(PATIENCE_SECONDS)
                if request := _read_request(connection):
                    self.requests.append(request)
                    if len(self.requests) == self._most_requests:
                        self._listener.close()
                    self._behaviour(connection)


def _read_request(connection: socket.socket) -> bytes:
    told = b""
    while _END_OF_HEAD not in told and (more := connection.recv(65536)):
        told += more
    head, _, body = told.partition(_END_OF_HEAD)
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return head + _END_OF_HEAD + body


@contextmanager
def broken_server(behaviour: Behaviour, *, most_requests: int | None = None) -> Iterator[BrokenServer]:
    """Serve for the length of a ``with``, or until the last of so many requests has come."""
    server = BrokenServer(behaviour, most_requests)
    try:
        yield server
    finally:
        server.close()


def say(text: str | bytes) -> Behaviour:
    """Send this, whatever it is, and close."""
    return lambda connection: connection.sendall(text.encode() if isinstance(text, str) else text)


def answer(status: int, body: str | bytes, *headers: str) -> Behaviour:
    """Send a whole HTTP reply."""
    content = body.encode() if isinstance(body, str) else body
    head = "\r\n".join(
        (
            f"HTTP/1.1 {status} x",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            "Connection: close",
            *headers,
        )
    )
    return say(head.encode() + _END_OF_HEAD + content)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave so to the first request, so to the next, and as to the last from then on."""
    turns = iter(behaviours)

    def behave(connection: socket.socket) -> None:
        next(turns, behaviours[-1])(connection)

    return behave


def close(_connection: socket.socket) -> None:
    """Close without a word."""


def reset(connection: socket.socket) -> None:
    """Close so that the other side sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def keep_silent(connection: socket.socket) -> None:
    """Say nothing until the other side gives up."""
    connection.recv(1)
