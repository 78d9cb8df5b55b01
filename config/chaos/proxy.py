"""A TCP proxy in front of the PSP that delays, resets, or swallows replies: one thread, whole connections.

It knows nothing of HTTP: what it breaks, breaks in the middle, as networks do.
"""

import asyncio
import contextlib
import threading
from collections import Counter
from enum import StrEnum
from typing import Self

DELAY_SECONDS = 1.5
_CHUNK = 65_536


class Fault(StrEnum):
    """What happens to connections that are opened, or answered, while it is set."""

    NONE = "none"
    DELAY = "replies come late"
    RESET = "connections are reset at once"
    DROP_REPLY = "requests arrive, replies are lost"


class FaultProxy:
    """Listens on a port of its own and passes on to another, as well as its fault allows.

    :param target_port: where the real server listens on this machine.
    """

    def __init__(self, *, port: int, target_port: int) -> None:
        self.port, self._target_port = port, target_port
        self.fault = Fault.NONE
        self.hit: Counter[Fault] = Counter()
        self._open: set[asyncio.Task[None] | None] = set()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told_to_end = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(timeout=10):
            raise TimeoutError(f"The fault proxy does not listen on port {self.port}.")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._told_to_end.set)
        self._thread.join(timeout=10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self._ready.set()
        await self._told_to_end.wait()
        server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The loop itself holds its tasks only weakly.
        task = asyncio.current_task()
        self._open.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._open.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault is Fault.RESET:
            self.hit[Fault.RESET] += 1
            writer.transport.abort()
            return
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        asking = asyncio.ensure_future(self._pass_on(reader, to_writer))
        try:
            await self._answer(to_reader, writer)
        finally:
            asking.cancel()
            for end in (writer, to_writer):
                end.transport.abort()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.fault is Fault.DROP_REPLY:
                    self.hit[Fault.DROP_REPLY] += 1
                    return
                if self.fault is Fault.DELAY:
                    self.hit[Fault.DELAY] += 1
                    await asyncio.sleep(DELAY_SECONDS)
                writer.write(data)
                await writer.drain()
