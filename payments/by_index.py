"""How a statement about a page of rows finds what it joins: by index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django_subatomic.db import transaction_required

_OFF = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
_AS_BEFORE = _OFF.replace("= off", "TO DEFAULT")


@contextmanager
@transaction_required
def by_index() -> Iterator[Any]:
    """Lend a cursor whose statements read no table as a whole.

    A page is few rows of large tables, and what the planner guesses of how few is poor.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OFF)
        yield cursor
        cursor.execute(_AS_BEFORE)
