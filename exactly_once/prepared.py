"""Statements of ours that run often: with values bound by the server, whatever the settings say of Django's own.

PostgreSQL parses and plans each once per connection (config/settings/database.py says from when on).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor


def fetch_prepared(statement: str, arguments: list[Any]) -> Any:
    """Run a statement and return its first row, None where there is none.

    Like any statement of Django's: counted, wrapped and, in debug, logged. Placeholders need a cast wherever PostgreSQL
    cannot tell their types.

    :raises django.db.Error: as Django's cursor does.
    """
    with _bound() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone()


def fetch_all_prepared(statement: str, arguments: Mapping[str, Any]) -> list[Any]:
    """Run a statement in the same way, with arguments by name, and return all its rows."""
    with _bound() as cursor:
        cursor.execute(statement, arguments)
        rows: list[Any] = cursor.fetchall()
        return rows


def _bound() -> Any:
    connection.ensure_connection()
    bound: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]  # psycopg's constructor
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
