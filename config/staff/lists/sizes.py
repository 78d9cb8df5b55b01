"""How many rows a table has, about: by PostgreSQL's statistics, without a look at the table."""

from django.db import connection
from django.db.models import Model

from config.staff import lists

_ROWS = "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass"


def rows_about(model: type[Model]) -> int:
    """Return the estimate of the last VACUUM or ANALYZE; -1 where neither was yet."""
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 - Django's documented name
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [table])
        return int(cursor.fetchone()[0])


def is_long(model: type[Model]) -> bool:
    """Whether a table has more rows than a page may read."""
    return rows_about(model) > lists.ROWS_AT_MOST
