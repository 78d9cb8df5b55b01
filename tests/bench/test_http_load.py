"""The load generator: what it sends, what it counts, and what it refuses to count."""

import itertools
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.bench.http_load import LoadFailedError, request, run


class Answering(BaseHTTPRequestHandler):
    """Answers what the path asks for, and remembers the bodies."""

    protocol_version = "HTTP/1.1"
    bodies: list[bytes] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        answer = b"x" * 5_000
        self.send_response(int(self.path.removeprefix("/")))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Answering.bodies.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_every_request_is_sent_once_and_counted(port: int) -> None:
    requests = [request(path="/200", body=b"%d" % number, headers={"X-Test": "1"}) for number in range(50)]

    load = run(port=port, requests=iter(requests), connections=4, seconds=30)

    assert sorted(Answering.bodies, key=int) == [b"%d" % number for number in range(50)]
    assert len(load.latencies) == 50
    assert load.rate > 0
    assert load.quantile(0) <= load.quantile(0.99) <= max(load.latencies)


def test_an_answer_that_is_no_success_ends_the_run(port: int) -> None:
    refused = request(path="/409", body=b"{}", headers={})

    with pytest.raises(LoadFailedError, match=r"HTTP/1\.1 409"):
        run(port=port, requests=itertools.repeat(refused), connections=2, seconds=30)


def test_requests_at_a_rate_are_sent_at_their_times(port: int) -> None:
    fine = request(path="/200", body=b"{}", headers={})

    load = run(port=port, requests=itertools.repeat(fine), connections=2, seconds=1, rate=40)

    assert 30 <= len(load.latencies) <= 42
