"""Several writes of a transaction as one statement: PostgreSQL is asked once, and each row is written as it would be.

The writes see what was there before the statement; triggers that come after a row see all of them. So no two may be
about the same row, and none may need what another writes, but for the key of a new row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault
from django_subatomic.db import transaction_required

from exactly_once.prepared import fetch_prepared


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
    model, here = type(rows[0]), connections[DEFAULT_DB_ALIAS]
    sql, fields, of = _inserting(model, parent, tuple([_left_to_defaults(model, row) for row in rows]))
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), here)
        for row, given in zip(rows, fields, strict=True)
        for field in given
    ]
    return Write(sql, tuple(values), rows=rows, parent=of)


def is_new(row: Model) -> bool:
    """Whether a row is still to be inserted."""
    return row._state.adding


def update(
    model: type[Model],
    columns: Mapping[str, object],
    *,
    where: Mapping[str, object],
    otherwise: Exception | None = None,
) -> Write:
    """Update the rows whose columns have just these values; the keys that are returned say how many they were."""
    sql, fields = _updating(model, tuple(columns), tuple(where))
    values = [*columns.values(), *where.values()]
    here = connections[DEFAULT_DB_ALIAS]
    prepared = [field.get_db_prep_save(value, here) for field, value in zip(fields, values, strict=True)]
    return Write(sql, tuple(prepared), otherwise=otherwise)


def save(row: Model, *fields: str) -> Write:
    """Save fields of a row that is there, all of them unless told which: then without what was left to the database."""
    model: Any = type(row)
    columns = {name: row.__dict__[name] for name in _attributes(model, fields)}
    known = {name: value for name, value in columns.items() if not isinstance(value, DatabaseDefault)}
    if fields and len(known) < len(columns):
        raise AssertionError(f"of {row!r} nobody has set {sorted(columns.keys() - known.keys())}")
    return update(model, known, where={model._meta.pk.name: row.pk}, otherwise=AssertionError(f"{row!r} is not there"))


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
    row = fetch_prepared(f"WITH {parts} SELECT {keys}", [value for write in writes for value in write.values])
    written = [list(each) for each in row]
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


# Django would put the same into SQL anew each time, which takes longer than to run it.
@cache
def _inserting(
    model: Any, parent: str, left: tuple[tuple[Any, ...], ...]
) -> tuple[str, list[list[Any]], tuple[str, str] | None]:
    """Return the SQL of new rows, the fields of each whose values it takes, and the parent's column and write.

    :param left: of each row, the fields whose values are left to the database.
    """
    meta = model._meta
    link = meta.get_field(parent) if parent else None
    of = None if link is None else (link.attname, _name_of(link.related_model))
    fields = [field for field in meta.concrete_fields if field is not meta.pk and field is not link]
    rows = [["DEFAULT" if field in of_row else _placeholder(field) for field in fields] for of_row in left]
    columns = ", ".join([_quoted(field) for field in (fields if link is None else [*fields, link])])
    if link is not None:
        rows = [[*row, f"(SELECT n.written FROM {_name_of(link.related_model)} AS n)"] for row in rows]  # noqa: S608 - a table's name
    values = ", ".join([f"({', '.join(row)})" for row in rows])
    sql = f"INSERT INTO {meta.db_table} ({columns}) VALUES {values}"  # noqa: S608 - names of ours
    return _returning(sql, meta), [[field for field in fields if field not in of_row] for of_row in left], of


@cache
def _updating(model: Any, names: tuple[str, ...], where: tuple[str, ...]) -> tuple[str, list[Any]]:
    """Return the SQL that updates columns of the rows where others have some values, and the fields of all values."""
    meta = model._meta
    changed, asked = [meta.get_field(name) for name in names], [meta.get_field(name) for name in where]
    set_to = ", ".join([f"{_quoted(field)} = {_placeholder(field)}" for field in changed])
    those = " AND ".join([f"{_quoted(field)} = {_placeholder(field)}" for field in asked])
    sql = f"UPDATE {meta.db_table} SET {set_to} WHERE {those}"  # noqa: S608 - names of ours
    return _returning(sql, meta), [*changed, *asked]


@cache
def _attributes(model: Any, names: tuple[str, ...]) -> list[str]:
    """Return where a row keeps the values of these fields, of all but its key unless told which."""
    meta = model._meta
    fields = [meta.get_field(name) for name in names] or [
        field for field in meta.concrete_fields if field is not meta.pk
    ]
    return [field.attname for field in fields]


def _left_to_defaults(model: Any, row: Model) -> tuple[Any, ...]:
    return tuple(
        [each for each in _with_defaults(model) if isinstance(row.__dict__.get(each.attname), DatabaseDefault)]
    )


@cache
def _with_defaults(model: Any) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.has_db_default()]


def _placeholder(field: Any) -> str:
    """Return what stands for a value of this field: an array says of what."""
    with_cast = getattr(field, "get_placeholder_sql", None)
    return "%s" if with_cast is None else str(with_cast([], None, connection)[0])


def _quoted(field: Any) -> str:
    return str(connection.ops.quote_name(field.column))


def _returning(sql: str, meta: Any) -> str:
    return f"{sql} RETURNING {_quoted(meta.pk)}"


def _name_of(model: Any) -> str:
    return f"new_{model._meta.db_table}"
