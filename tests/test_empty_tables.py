"""Each test finds empty tables, with their triggers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import TransactionTestCase


def _refuse_deletions(execute: Callable[..., Any], sql: str, *context: Any) -> Any:
    if "DELETE FROM" in sql:
        raise OperationalError("lock timeout")
    return execute(sql, *context)


@pytest.mark.django_db(transaction=True)
def test_where_the_tables_cannot_be_emptied_triggers_fire_all_the_same() -> None:
    # Given
    case: Any = TransactionTestCase()
    # When
    with connection.execute_wrapper(_refuse_deletions), pytest.raises(OperationalError, match="lock timeout"):
        case._fixture_teardown()
    # Then
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)
