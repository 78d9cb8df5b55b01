"""By which lookups an index finds a row that has some words in a column."""

from collections.abc import Iterator
from typing import Any

from django.db.models import F, Index, Q, UniqueConstraint
from django.db.models.functions import Lower, Upper

# Columns that may stand before it: of each there are few values, and PostgreSQL skips from one to the next.
_OF_FEW_VALUES = {"account", "aggregatetype", "bank", "book", "client", "kind", "psp", "psp_account", "source"}


def indexed(field: Any) -> Iterator[tuple[str, Q]]:
    """Return how it has to be asked for, as itself or in ``upper`` or ``lower`` case, and what has to be said beside.

    An index of some rows only counts where these are all that have any words there; or together with one of the others.
    """
    if field.primary_key or field.unique or field.db_index:
        yield "itself", Q()
        return
    found = [(how, index.condition or Q()) for index in _indexes(field) if (how := _leads(index, field))]
    whole = (Q(), ~Q(**{field.name: ""}), Q(**{f"{field.name}__isnull": False}))
    for how in ("itself", "upper", "lower"):
        conditions = [condition for each, condition in found if each == how]
        if known := [condition for condition in conditions if condition in whole]:
            yield how, known[0]
        else:
            yield from ((how, condition) for condition in conditions if ~condition in conditions)


def _indexes(field: Any) -> Iterator[Index | UniqueConstraint]:
    """Return those that are B-trees."""
    meta = field.model._meta  # noqa: SLF001 - Django's documented name
    yield from (each for each in (*meta.indexes, *meta.constraints) if type(each) in (Index, UniqueConstraint))


def _leads(index: Index | UniqueConstraint, field: Any) -> str:
    """Return in which form a column is the first of an index, but for some of few values; "" where it is not."""
    columns: list[Any] = list(index.expressions) or [F(name.lstrip("-")) for name in index.fields]
    for column in columns:
        if column == F(field.name):
            return "itself"
        if isinstance(column, Lower | Upper):
            named: list[Any] = column.source_expressions
            return str(column.lookup_name) if named == [F(field.name)] else ""
        if getattr(column, "name", "") not in _OF_FEW_VALUES:
            return ""
    return ""
