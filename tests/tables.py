"""Empty the tables, the append-only ones too: as the superuser that only tests are."""

from functools import cache

from django.db import connection, transaction

# What migrations wrote and no test changes.
KEPT_TABLES = {"django_content_type", "auth_permission"}


def empty_tables() -> None:
    """Empty all tables of ours.

    A DELETE of few rows is much quicker than a TRUNCATE of forty tables, and what is kept need not be written again.
    Django's own `flush` would look up each time which tables there are; one statement is planned once for many tests.
    """
    # Where the deletion fails, the next test is not to run without triggers.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_deletions())


@cache
def _deletions() -> str:
    tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT_TABLES
    deletions = (f'"{table} emptied" AS (DELETE FROM "{table}")' for table in sorted(tables))
    return f"WITH {', '.join(deletions)} SELECT"
