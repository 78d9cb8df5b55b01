"""Tell which column of a row is which, although pgoutput names columns and does not number them.

A column's number (``pg_attribute.attnum``) survives a rename and is never given again, but only the catalog has it, and
the catalog is of now while a row may be older. What cannot be told apart is refused: a guess would lose values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exactly_once.changefeed.entries import Column, Shape
from exactly_once.changefeed.errors import SchemaUnclear
from exactly_once.changefeed.pgoutput import Relation

ENOUGH = 2  # readings: more than one is already unclear


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    """A column in the catalog of now. ``name`` is None once it is dropped.

    ``existing``: what rows hold that are older than the column. ``rewritten``: they hold what no catalog tells, because
    the default was computed for each row.
    """

    name: str | None
    existing: str | None = None
    rewritten: bool = False


type Catalog = Mapping[int, CatalogColumn]  # by number


def shape_of(relation: Relation, *, types: Sequence[str], catalog: Catalog, known: Shape | None) -> Shape:
    """Return the relation's columns with their numbers.

    :param types: the names of the columns' types, in order.
    :param known: the shape that the sink has now.
    :raises SchemaUnclear: the names fit no numbers or several, or rows got values that the log does not hold.
    """
    names = [column.name for column in relation.columns]
    numbers = _numbers(relation.table, names, catalog, known)
    known_numbers = {column.number: column for column in known.columns} if known else {}
    columns = []
    for number, column, type_name in zip(numbers, relation.columns, types, strict=True):
        new = known is not None and number not in known_numbers
        in_catalog = catalog.get(number, CatalogColumn(name=None))
        if new and in_catalog.rewritten:
            raise SchemaUnclear(
                f"Rows of {relation.table} that were there before its column {column.name} got values in it that the "
                "log does not hold, because its default is not a constant."
            )
        existing = in_catalog.existing if new else _existing(known_numbers.get(number))
        columns.append(Column(number, column.name, type_name, column.key, existing))
    return Shape(relation.table, tuple(columns))


def _existing(known: Column | None) -> str | None:
    return known.existing if known else None


def _numbers(table: str, names: Sequence[str], catalog: Catalog, known: Shape | None) -> Sequence[int]:
    known_by_name = {column.name: column.number for column in known.columns} if known else {}
    if not catalog:  # the table has been dropped since
        return _checked(table, names, [list(known_by_name.values())] if list(known_by_name) == list(names) else [])
    current = {column.name: number for number, column in catalog.items() if column.name is not None}
    named = {*current.values(), *known_by_name.values()}
    choices = []
    for name in names:
        choice = {by_name[name] for by_name in (known_by_name, current) if name in by_name}
        # A name that neither knows was given and taken away since: any column that has another name by now.
        choices.append(sorted(choice or {number for number in {*catalog, *named} if _may_be(number, catalog, names)}))
    return _checked(table, names, list(_increasing(choices, least=0)))


def _checked(table: str, names: Sequence[str], readings: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return the only reading."""
    if len(readings) != 1:
        raise SchemaUnclear(
            f"The columns of {table} changed more than once before the feed came to them: "
            f"{', '.join(names)} cannot be matched with the columns that the sink has."
        )
    return readings[0]


def _may_be(number: int, catalog: Catalog, names: Sequence[str]) -> bool:
    return number not in catalog or catalog[number].name not in names


def _increasing(choices: Sequence[Sequence[int]], *, least: int) -> Iterator[list[int]]:
    """Yield at most two ways to choose ascending numbers: rows hold their columns in the order of the numbers."""
    if not choices:
        yield []
        return
    found = 0
    for number in choices[0]:
        if number > least:
            for rest in _increasing(choices[1:], least=number):
                yield [number, *rest]
                found += 1
                if found == ENOUGH:
                    return
