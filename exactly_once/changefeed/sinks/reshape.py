"""The statements that give a table at a PostgreSQL sink the columns that it has at the source."""

from collections.abc import Iterator

from psycopg import sql

from exactly_once.changefeed.entries import Column, Shape


def table_name(source_table: str) -> str:
    """Return the name at the sink: of a table outside ``public``, with its schema, so that no two are the same."""
    return source_table.removeprefix("public.")


def reshape(schema: str, old: Shape | None, new: Shape) -> Iterator[sql.Composed]:
    """Yield the statements, in order, to be run in one transaction. Columns are matched by their numbers."""
    table = sql.Identifier(schema, table_name(new.table))
    # A source's key may be long: PostgreSQL cuts a name, so ours is a short one that each table may have.
    if old is None:
        columns = [_definition(column) for column in new.columns]
        yield sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join([*columns, _key(new)]))
        return
    before = {column.number: column for column in old.columns}
    after = {column.number: column for column in new.columns}
    new_key = [c.number for c in old.columns if c.key] != [c.number for c in new.columns if c.key]
    if new_key:
        yield _alter(table, "DROP CONSTRAINT {}", sql.Identifier(_key_name(new)))
    for number in before.keys() - after.keys():
        yield _alter(table, "DROP COLUMN {} CASCADE", sql.Identifier(before[number].name))
    yield from _rename(table, [(before[n].name, after[n].name, n) for n in before.keys() & after.keys()])
    for number in sorted(before.keys() & after.keys()):
        if before[number].type != after[number].type:
            yield _retype(table, after[number])
    for number in sorted(after.keys() - before.keys()):
        yield from _add(table, after[number])
    if new_key:
        yield _alter(table, "ADD {}", _key(new))


def _rename(table: sql.Identifier, names: list[tuple[str, str, int]]) -> Iterator[sql.Composed]:
    """Rename by way of a name that nobody has: two columns may have exchanged theirs."""
    renamed = sorted((number, old, new) for old, new, number in names if old != new)
    for number, old, _ in renamed:
        yield _alter(table, "RENAME COLUMN {} TO {}", sql.Identifier(old), sql.Identifier(f"..{number}"))
    for number, _, new in renamed:
        yield _alter(table, "RENAME COLUMN {} TO {}", sql.Identifier(f"..{number}"), sql.Identifier(new))


def _retype(table: sql.Identifier, column: Column) -> sql.Composed:
    name, type_name = sql.Identifier(column.name), sql.SQL(column.type)  # the type is format_type's own text
    return _alter(table, "ALTER COLUMN {0} TYPE {1} USING {0}::{1}", name, type_name)


def _add(table: sql.Identifier, column: Column) -> Iterator[sql.Composed]:
    """Add a column; rows that are there get what the source's own older rows have in it."""
    name = sql.Identifier(column.name)
    if column.existing is None:
        yield _alter(table, "ADD COLUMN {}", _definition(column))
        return
    yield _alter(table, "ADD COLUMN {} DEFAULT {}", _definition(column), sql.Literal(column.existing))
    yield _alter(table, "ALTER COLUMN {} DROP DEFAULT", name)


def _definition(column: Column) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))


def _key(shape: Shape) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, shape.key))
    return sql.SQL("CONSTRAINT {} PRIMARY KEY ({})").format(sql.Identifier(_key_name(shape)), columns)


def _key_name(shape: Shape) -> str:
    return f"{table_name(shape.table)[:58]}_pkey"


def _alter(table: sql.Identifier, action: str, *parts: sql.Composable) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} ").format(table) + sql.SQL(action).format(*parts)
