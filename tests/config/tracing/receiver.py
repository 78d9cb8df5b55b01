"""A receiver of OTLP over HTTP: what an OpenTelemetry Collector is told, kept for a test to read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True, slots=True)
class ToldSpan:
    """A span as it came over the wire."""

    service: str
    name: str
    kind: str
    trace_id: str
    id: str
    parent_id: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]
    failed: bool


@dataclass
class Receiver:
    """What came, as bytes and as spans."""

    url: str = ""
    raw: list[bytes] = field(default_factory=list)

    def spans(self) -> list[ToldSpan]:
        """Return every span that came, in the order of its end."""
        return [span for body in list(self.raw) for span in _spans(ExportTraceServiceRequest.FromString(body))]

    def trace(self, trace_id: str) -> dict[str, ToldSpan]:
        """Return the spans of one trace by their ids."""
        return {span.id: span for span in self.spans() if span.trace_id == trace_id}


def _spans(request: ExportTraceServiceRequest) -> Iterator[ToldSpan]:
    for resource in request.resource_spans:
        names = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _told(names["service.name"], span)


def _told(service: str, span: trace_pb2.Span) -> ToldSpan:
    attributes = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
    assert not span.events, "an event may tell an error's text"
    assert not span.status.message, "so may a status"
    return ToldSpan(
        service,
        span.name,
        trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        attributes,
        span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
    )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a port of this machine until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers.get("Content-Encoding") is None
            receiver.raw.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join()
