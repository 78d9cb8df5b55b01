"""Statements of ours that run often: with values bound by the server, whatever the settings say of Django's own.

PostgreSQL parses and plans each once per connection (config/settings/database.py says from when on).
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import CursorMixin, ServerBindingCursor
from psycopg import RawCursor


class _NumberedCursor(CursorMixin, RawCursor[Any]):
    """Takes statements with PostgreSQL's own placeholders: psycopg reads its own anew each time in a long statement."""


def fetch_prepared(statement: str, arguments: list[Any]) -> Any:
    """Run a statement and return its first row, None where there is none.

    Like any statement of Django's: counted, wrapped and, in debug, logged. Placeholders need a cast wherever PostgreSQL
    cannot tell their types.

    :raises django.db.Error: as Django's cursor does.
    """
    # What Django notes of a statement it can only spell out with psycopg's placeholders.
    kind, text = (
        (ServerBindingCursor, statement) if connection.queries_logged else (_NumberedCursor, _numbered(statement))
    )
    with _bound(kind) as cursor:
        cursor.execute(text, arguments)
        return cursor.fetchone()


def fetch_all_prepared(statement: str, arguments: Mapping[str, Any]) -> list[Any]:
    """Run a statement in the same way, with arguments by name, and return all its rows."""
    with _bound(ServerBindingCursor) as cursor:
        cursor.execute(statement, arguments)
        rows: list[Any] = cursor.fetchall()
        return rows


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    """Return a statement with $1, $2, ... in place of each %s."""
    numbers = count(1)
    return re.sub(r"%([s%])", lambda found: f"${next(numbers)}" if found[1] == "s" else "%", statement)


def _bound(kind: Any) -> Any:
    connection.ensure_connection()
    bound = kind(connection.connection)
    return (connection.make_debug_cursor if connection.queries_logged else connection.make_cursor)(bound)


def text_array(values: Sequence[str]) -> str:
    """Return the literal of an array of texts: the driver takes four times as long over a list."""
    return "{" + ",".join([f'"{_escaped(value)}"' for value in values]) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"")


def bytes_array(values: Sequence[bytes]) -> str:
    """Return the literal of an array of byteas."""
    return "{" + ",".join([rf'"\\x{value.hex()}"' for value in values]) + "}"


def integer_array(values: Sequence[int]) -> str:
    """Return the literal of an array of integers."""
    return "{" + ",".join(map(str, values)) + "}"
