"""Spans of what is done, and where a trace goes on: a row keeps the span that wrote it (W3C Trace Context).

Only OpenTelemetry's API is used here. Where config/tracing has not installed its SDK, every span is one that does
nothing, and rows keep nothing. Names and attributes are all that a span has: no ids of people, no bodies, no headers,
no texts of errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# Of a row: the characters of a `traceparent` of version 00, the only one there is.
TRACEPARENT_LENGTH = 55
# As its row is checked: W3C Trace Context, "traceparent Header"; empty where nobody traced.
TRACEPARENT_PATTERN = r"^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?$"

_HEADER = "traceparent"
_FORMAT = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("tally")


def traceparent() -> str:
    """Return what a row or message is to keep of the span that is open; empty where there is none."""
    carrier: dict[str, str] = {}
    _FORMAT.inject(carrier)
    return carrier.get(_HEADER, "")


def ids() -> tuple[str, str] | None:
    """Return the trace's and the span's id, as a log line names them; None where no span is open."""
    here = trace.get_current_span().get_span_context()
    return (trace.format_trace_id(here.trace_id), trace.format_span_id(here.span_id)) if here.is_valid else None


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, follows: str = "") -> Iterator[Span]:
    """Open a span. What is raised in it is named by its type alone: its text may tell who pays, and how.

    :param follows: the ``traceparent`` of whoever announced this work. In another trace than the span that is open, it
        is the parent, and that span is linked: a sweep that finds a sale's event late goes on with the sale.
    """
    parent, links = _parent(follows)
    with _tracer.start_as_current_span(
        name, context=parent, kind=kind, links=links, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except Exception as error:
            fail(opened, type(error).__qualname__)
            raise


@contextmanager
def call(method: str, *, host: str) -> Iterator[Span]:
    """Open the span of a request to another server. Its address is left out: it may be good for whoever knows it."""
    with span(f"{method} {host}", kind=SpanKind.CLIENT) as opened:
        opened.set_attribute("http.request.method", method)
        opened.set_attribute("server.address", host)
        yield opened


@contextmanager
def query(operation: str) -> Iterator[Span]:
    """Open the span of what the database is asked to do."""
    with span(operation, kind=SpanKind.CLIENT) as opened:
        opened.set_attributes({"db.system.name": "postgresql", "db.operation.name": operation})
        yield opened


def answered(opened: Span, *, status: int, failed: bool) -> None:
    """Note the status of an HTTP answer."""
    opened.set_attribute("http.response.status_code", status)
    if failed:
        fail(opened, str(status))


def fail(opened: Span, error_type: str) -> None:
    """Note that it went wrong, and how that is called."""
    opened.set_attribute("error.type", error_type)
    opened.set_status(Status(StatusCode.ERROR))


def _parent(follows: str) -> tuple[Context | None, list[Link]]:
    """Return the context of a new span, None for the current one, and its links."""
    announced, here = _read(follows), trace.get_current_span().get_span_context()
    if not announced.is_valid or announced.trace_id == here.trace_id:
        return None, []
    parent = trace.set_span_in_context(trace.NonRecordingSpan(announced))
    return parent, [Link(here)] if here.is_valid else []


def _read(follows: str) -> SpanContext:
    if not follows:
        return trace.INVALID_SPAN_CONTEXT
    # Of a stranger's request: no `tracestate`, which may hold anything.
    return trace.get_current_span(_FORMAT.extract({_HEADER: follows}, Context())).get_span_context()
