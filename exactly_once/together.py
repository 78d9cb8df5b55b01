"""Several writes of a transaction as one statement: PostgreSQL is asked once, and each row is written as it would be.

The writes see what was there before the statement; triggers that come after a row see all of them. So no two may be
about the same row, and none may need what another writes, but for the key of a new row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql import InsertQuery, UpdateQuery
from django_subatomic.db import transaction_required


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that returns the keys of the rows it wrote, and what becomes of these.

    ``rows``: new ones, which get their keys, and that of ``parent``: their column, and the write of its row.
    ``otherwise``: what is raised unless it wrote exactly one row.
    """

    sql: str
    values: tuple[Any, ...]
    rows: Sequence[Model] = ()
    parent: tuple[str, str] | None = None
    otherwise: Exception | None = None


def insert(*rows: Model, parent: str = "") -> Write:
    """Insert rows of one table; each has its own columns' defaults set.

    :param parent: the foreign key to a row that an earlier write of the same statement inserts, the only one of its
        table.
    """
    meta: Any = rows[0]._meta
    of: tuple[str, str] | None = None
    if parent:
        field = meta.get_field(parent)
        of = field.attname, _name_of(field.related_model)
        key = RawSQL(f"(SELECT n.written FROM {of[1]} AS n)", ())  # noqa: S608, S611 - a table's name
        for row in rows:
            setattr(row, field.attname, key)
    query: Any = InsertQuery(type(rows[0]))
    query.insert_values([field for field in meta.concrete_fields if field is not meta.pk], rows)
    ((sql, values),) = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    return Write(_returning(sql, meta), tuple(values), rows=rows, parent=of)


def is_new(row: Model) -> bool:
    """Whether a row is still to be inserted."""
    return row._state.adding


def update(rows: QuerySet[Any], columns: Mapping[str, object], *, otherwise: Exception | None = None) -> Write:
    """Update rows; how many they were is seen by the keys that are returned."""
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(dict(columns))
    sql, values = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    return Write(_returning(sql, rows.model._meta), tuple(values), otherwise=otherwise)


def save(row: Model, *fields: str) -> Write:
    """Save fields of a row that is there, all of them unless told which."""
    model: Any = type(row)
    names = fields or [field.name for field in model._meta.concrete_fields if not field.primary_key]
    columns = {name: getattr(row, model._meta.get_field(name).attname) for name in names}
    gone = AssertionError(f"{row!r} is not there")
    return update(model._base_manager.filter(pk=row.pk), columns, otherwise=gone)


@transaction_required
def write_together(*writes: Write) -> list[list[Any]]:
    """Do all of these in one statement; return the keys of the rows that each has written.

    :raises Exception: the ``otherwise`` of one of them.
    """
    if not writes:
        return []
    names = [_name_of(type(write.rows[0])) if write.rows else f"write_{place}" for place, write in enumerate(writes)]
    parts = ", ".join(f"{name} (written) AS ({write.sql})" for name, write in zip(names, writes, strict=True))
    keys = ", ".join(f"ARRAY(SELECT n.written FROM {name} AS n ORDER BY n.written)" for name in names)  # noqa: S608 - names of ours
    with connection.cursor() as cursor:
        statement = f"WITH {parts} SELECT {keys}"
        cursor.execute(statement, [value for write in writes for value in write.values])
        written: list[list[Any]] = [list(each) for each in cursor.fetchone()]
    of_name = dict(zip(names, written, strict=True))
    for write, ids in zip(writes, written, strict=True):
        _take_in(write, ids, of_name)
    return written


def _take_in(write: Write, ids: list[Any], of_name: Mapping[str, list[Any]]) -> None:
    if write.otherwise is not None and len(ids) != 1:
        raise write.otherwise
    if not write.rows:
        return
    for row, key in zip(write.rows, ids, strict=True):
        row.pk, row._state.adding, row._state.db = key, False, connection.alias
        if write.parent is not None:
            column, name = write.parent
            (parent_key,) = of_name[name]
            setattr(row, column, parent_key)


def _returning(sql: str, meta: Any) -> str:
    return f"{sql} RETURNING {connection.ops.quote_name(meta.pk.column)}"


def _name_of(model: Any) -> str:
    return f"new_{model._meta.db_table}"
