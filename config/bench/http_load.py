"""A load generator for HTTP/1.1: requests that were made before, over connections that are kept, and what each took.

It does as little as it can for a request, because it works on the cores that the server works on.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class LoadFailedError(Exception):
    """An answer was none of success, or a connection broke. The message has the answer's beginning."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run did: answers a second, and the seconds that each took."""

    rate: float
    latencies: list[float]

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request(*, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of a POST."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(*, port: int, requests: Iterator[bytes], connections: int, seconds: float, rate: float | None = None) -> Load:
    """Send requests until the time is over, or there are no more.

    :param rate: requests a second, sent at fixed times, whose latency counts from the time when each was due; None for
        as many as there can be, each connection sending its next when the last is answered.
    :raises LoadFailedError: something else than 2xx came back.
    """
    return asyncio.run(_run(port, requests, connections, seconds, rate))


@dataclass
class _State:
    requests: Iterator[bytes]
    ends_at: float
    pause: float | None  # between two requests of a connection
    latencies: list[float] = field(default_factory=list)
    failure: str = ""


class _Connection(asyncio.Protocol):
    def __init__(self, state: _State, first_at: float) -> None:
        self.state, self.due_at = state, first_at
        self.buffer, self.began = b"", 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._wait()

    def connection_lost(self, _error: Exception | None) -> None:
        self._end("" if self.done.done() else "the connection broke")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(_HEAD_END)
        if not separator or len(body) < _length(head):
            return
        self.state.latencies.append(time.perf_counter() - self.began)
        if not head.startswith(b"HTTP/1.1 2"):
            self._end(self.buffer[:600].decode(errors="replace"))
            return
        self.buffer = b""
        self._wait()

    def _wait(self) -> None:
        if self.state.pause is None:
            self._send(time.perf_counter())
            return
        now, due_at = time.perf_counter(), self.due_at
        self.due_at += self.state.pause
        asyncio.get_running_loop().call_later(max(0.0, due_at - now), self._send, due_at)

    def _send(self, began: float) -> None:
        following = next(self.state.requests, None) if time.perf_counter() < self.state.ends_at else None
        if following is None or self.state.failure:
            self._end("")
            return
        self.began = began
        self.transport.write(following)

    def _end(self, failure: str) -> None:
        self.state.failure = self.state.failure or failure
        if not self.done.done():
            self.done.set_result(None)
        self.transport.close()


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return 0 if at < 0 else int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def _run(port: int, requests: Iterator[bytes], connections: int, seconds: float, rate: float | None) -> Load:
    began = time.perf_counter()
    pause = None if rate is None else connections / rate
    state = _State(requests, began + seconds, pause)
    loop = asyncio.get_running_loop()
    made = []
    for number in range(connections):
        first_at = began if pause is None else began + pause * number / connections
        _, connection = await loop.create_connection(partial(_Connection, state, first_at), "127.0.0.1", port)
        made.append(connection)
    await asyncio.gather(*(connection.done for connection in made))
    if state.failure:
        raise LoadFailedError(state.failure)
    return Load(len(state.latencies) / (time.perf_counter() - began), state.latencies)
