"""A span for each statement of a request or task: its text with placeholders, never its values; and for each COMMIT."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from opentelemetry import trace
from psycopg.sql import Composable

from exactly_once import tracing

# What a statement of ours says literally is no secret; what a library's says might be.
_LITERAL = re.compile(r"'(?:[^']|'')*'")
# A statement for a thousand rows has a thousand rows of placeholders.
LONGEST = 2_000


def watch(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have what a connection does traced. Django's object outlives the connection, and comes here with each."""
    if trace_statement not in connection.execute_wrappers:
        # First: whoever has wrapped statements by now takes away the last one when it is done.
        connection.execute_wrappers.insert(0, trace_statement)
        connection.commit = partial(trace_commit, connection.commit)  # type: ignore[method-assign]


def trace_statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's own form
    """Run a statement, in a span where it is part of something: a relay that looks for news all the time is not."""
    if not trace.get_current_span().is_recording():
        return execute(sql, params, many, context)
    text = without_values(sql.as_string(None) if isinstance(sql, Composable) else str(sql))
    operation = "".join(text.split(maxsplit=1)[:1]).upper()
    with tracing.query(operation) as span:
        span.set_attribute("db.query.text", text[:LONGEST])
        return execute(sql, params, many, context)


def trace_commit(commit: Callable[[], None]) -> None:
    """Commit, in a span under the same condition: only now are deferred constraints asked, and is the log flushed."""
    if not trace.get_current_span().is_recording():
        commit()
        return
    with tracing.query("COMMIT"):
        commit()


def without_values(sql: str) -> str:
    """Return a statement without what stands in quotes."""
    return _LITERAL.sub("'?'", sql)
