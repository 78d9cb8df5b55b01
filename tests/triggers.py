"""Do what no trigger lets through: damage that tests want to be found."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper


@contextmanager
def past_the_triggers() -> Iterator[CursorWrapper]:
    """Switch triggers off for this connection, foreign keys and ours."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("RESET session_replication_role")
