"""A span for each statement of a request or task: its text with placeholders, never its values."""

import re
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from psycopg.sql import Composable

from exactly_once import tracing

# What a statement of ours says literally is no secret; what a library's says might be.
_LITERAL = re.compile(r"'(?:[^']|'')*'")
# A statement for a thousand rows has a thousand rows of placeholders.
LONGEST = 2_000


def watch(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have a connection's statements traced. Django's object outlives the connection, and comes here with each."""
    if trace_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(trace_statement)


def trace_statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's own form
    """Run a statement, in a span where it is part of something: a relay that looks for news all the time is not."""
    if not trace.get_current_span().is_recording():
        return execute(sql, params, many, context)
    text = without_values(sql.as_string(None) if isinstance(sql, Composable) else str(sql))
    operation = "".join(text.split(maxsplit=1)[:1]).upper()
    with tracing.span(operation, kind=SpanKind.CLIENT) as span:
        span.set_attributes(
            {"db.system.name": "postgresql", "db.operation.name": operation, "db.query.text": text[:LONGEST]}
        )
        return execute(sql, params, many, context)


def without_values(sql: str) -> str:
    """Return a statement without what stands in quotes."""
    return _LITERAL.sub("'?'", sql)
