"""The proxy breaks what it is told to break, and nothing else."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from config.chaos import proxy as proxying
from config.chaos.proxy import Fault, FaultProxy
from config.services.ports import any_free


class Answering(BaseHTTPRequestHandler):
    """Counts what arrives, and answers."""

    arrived = 0

    def do_POST(self) -> None:
        type(self).arrived += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    Answering.arrived = 0
    (port,) = any_free(count=1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with FaultProxy(port=port, target_port=server.server_address[1]) as running:
            yield running
        server.shutdown()


def ask(proxy: FaultProxy) -> str:
    return httpx.post(f"http://127.0.0.1:{proxy.port}/", timeout=10).text


def test_without_a_fault_requests_and_replies_pass(proxy: FaultProxy) -> None:
    assert [ask(proxy), ask(proxy)] == ["done", "done"]
    assert not proxy.hit


def test_a_dropped_reply_is_that_of_a_request_that_arrived(proxy: FaultProxy) -> None:
    proxy.fault = Fault.DROP_REPLY

    with pytest.raises(httpx.TransportError):
        ask(proxy)

    assert (Answering.arrived, proxy.hit[Fault.DROP_REPLY]) == (1, 1)


def test_a_reset_connection_brings_no_request(proxy: FaultProxy) -> None:
    proxy.fault = Fault.RESET

    with pytest.raises(httpx.TransportError):
        ask(proxy)

    assert (Answering.arrived, proxy.hit[Fault.RESET]) == (0, 1)


def test_a_delayed_reply_comes(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxying, "DELAY_SECONDS", 0.3)
    proxy.fault = Fault.DELAY
    began = time.monotonic()

    assert ask(proxy) == "done"

    assert time.monotonic() - began >= 0.3
    assert proxy.hit[Fault.DELAY] >= 1
