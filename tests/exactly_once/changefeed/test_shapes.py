"""Columns are matched by number, whatever they are called by now; what is unclear is refused."""

import pytest

from exactly_once.changefeed.entries import Column, Shape
from exactly_once.changefeed.errors import SchemaUnclear
from exactly_once.changefeed.pgoutput import Relation, RelationColumn
from exactly_once.changefeed.shapes import Catalog, CatalogColumn, shape_of


def live(*names: str | None) -> Catalog:
    """A catalog of these columns, numbered from 1; None for a dropped one."""
    return {number: CatalogColumn(name) for number, name in enumerate(names, start=1)}


def known(*names: str) -> Shape:
    return Shape("public.t", tuple(Column(n, name, "text", key=n == 1) for n, name in enumerate(names, start=1)))


def numbers(names: list[str], catalog: Catalog, sink: Shape | None) -> list[int]:
    columns = tuple(RelationColumn(name, name == "id", 25, -1) for name in names)
    relation = Relation(1, "public", "t", "d", columns)
    shape = shape_of(relation, types=["text"] * len(names), catalog=catalog, known=sink)
    assert [column.name for column in shape.columns] == names
    return [column.number for column in shape.columns]


@pytest.mark.parametrize(
    ("names", "catalog", "sink", "expected"),
    [
        (["id", "a"], live("id", "a"), None, [1, 2]),
        (["id", "a"], live("id", None, "a"), None, [1, 3]),
        (["id", "b"], live("id", "b"), known("id", "a"), [1, 2]),
        (["id", "b"], live("id", None, "b"), known("id", "a"), [1, 3]),
        (["id", "a"], live("id", "b"), known("id", "a"), [1, 2]),
        (["id", "b"], live("id", "c"), known("id", "a"), [1, 2]),
        (["id", "a", "b"], live("id", "a", None), known("id", "a"), [1, 2, 3]),
        (["id", "b", "a"], live("id", "b", "a"), known("id", "a", "b"), [1, 2, 3]),
        (["id", "a"], {}, known("id", "a"), [1, 2]),
    ],
    ids=[
        "new",
        "after a dropped one",
        "renamed",
        "dropped, and another added",
        "renamed since, this row is older",
        "renamed twice",
        "added, and dropped since",
        "two exchanged their names",
        "the table is gone",
    ],
)
def test_columns_find_their_numbers(
    names: list[str], catalog: Catalog, sink: Shape | None, expected: list[int]
) -> None:
    assert numbers(names, catalog, sink) == expected


@pytest.mark.parametrize(
    ("names", "catalog", "sink"),
    [
        (["id", "b"], live("id", None, "c"), known("id", "a")),
        (["id", "a"], live("id", None, "a"), known("id", "a")),
        (["id", "b"], {}, known("id", "a")),
    ],
    ids=["renamed, or dropped and added", "dropped and added under its name", "changed, and the table is gone"],
)
def test_what_is_unclear_is_refused(names: list[str], catalog: Catalog, sink: Shape) -> None:
    with pytest.raises(SchemaUnclear, match=r"The columns of public\.t changed more than once"):
        numbers(names, catalog, sink)


def test_a_column_whose_older_rows_were_computed_is_refused() -> None:
    catalog = {1: CatalogColumn("id"), 2: CatalogColumn("a", rewritten=True)}

    assert numbers(["id", "a"], catalog, None) == [1, 2]
    with pytest.raises(SchemaUnclear, match="its column a got values"):
        numbers(["id", "a"], catalog, known("id"))
