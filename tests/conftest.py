"""Fixtures that many tests share."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_triggers() -> Iterator[None]:
    """Let Django empty append-only tables between tests: as the superuser that only tests connect as."""
    flush = DatabaseOperations.execute_sql_flush

    def flush_as_replica(self: DatabaseOperations, sql_list: list[str]) -> None:
        on, off = "SET session_replication_role = replica", "RESET session_replication_role"
        flush(self, [on, *sql_list, off])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_as_replica)
        yield
    connection.close()
