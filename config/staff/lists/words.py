"""Searching a long list: ids and references as a whole among all rows, by their indexes; any part among the newest."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connection
from django.db.models import F, Field, Model, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from config.staff import lists
from config.staff.lists.indexed import indexed

HELP = f"A whole id or reference; any part of one in the newest {lists.ROWS_SEARCHED:,}"


def found_whole(model: type[Model], search_fields: Iterable[Any], words: str) -> tuple[set[object], list[Q]]:
    """Say which rows have these words, as they are, in a column with an index.

    Few are said by their keys. Of more than a list shows the newest would say nothing of those that fit its filters, so
    that these are said by the condition itself.
    """
    few: set[object] = set()
    many: list[Q] = []
    for condition in (each for name in search_fields for each in _conditions(model, str(name).lstrip("=^@"), words)):
        found = keys(model._default_manager.filter(condition))  # noqa: SLF001 - Django's documented name
        if len(found) > lists.ROWS_AT_MOST:
            many.append(condition)
        else:
            few.update(found)
    return few, many


def keys(rows: QuerySet[Any]) -> list[object]:
    """Return the keys of the newest rows, and of one more where they are more than a list shows."""
    return list(rows.order_by("-pk").values_list("pk", flat=True)[: lists.ROWS_AT_MOST + 1])


def newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the newest of some rows."""
    oldest = rows.order_by("-pk").values_list("pk", flat=True)[lists.ROWS_SEARCHED - 1 :].first()
    return rows if oldest is None else rows.filter(pk__gte=oldest)


def among(model: type[Model], found: Iterable[object]) -> Q:
    """Say that a row has one of these keys: as one array, because of a list each item is parsed."""
    kind = model._meta.pk.rel_db_type(connection)  # noqa: SLF001 - Django's documented name
    return Q(pk__in=RawSQL(f"SELECT unnest(%s::{kind}[])", [list(found)]))  # noqa: S611 - the type is Django's


def _conditions(model: type[Model], path: str, words: str) -> Iterator[Q]:
    try:
        field = get_fields_from_path(model, path)[-1]
    except NotRelationField:  # a key within JSON, whose index answers what contains what
        column, key = path.split("__")
        yield Q(**{f"{column}__contains": {key: words}})
        return
    except FieldDoesNotExist:  # an annotation
        return
    # Where no row of the other table has it, the planner may walk through all of this one to find that out: so the
    # other's are looked up first.
    for here, there in zip(lookups(path, field, words), lookups(field.name, field, words), strict=True):
        found = keys(field.model._default_manager.filter(there)) if "__" in path else []  # noqa: SLF001 - the same
        if "__" not in path or len(found) > lists.ROWS_AT_MOST:
            yield here
        elif found:
            yield Q(**{f"{path.rpartition('__')[0]}__in": found})


def lookups(path: str, field: "Field[Any, Any]", words: str) -> Iterator[Q]:
    """Say that a column has these words, in each way that an index knows."""
    try:
        field.run_validators(field.to_python(words))
    except ValidationError:
        return
    for name, beside in indexed(field):
        said = _under(path.removesuffix(field.name), beside)
        match name:
            case "upper":
                yield Q(**{f"{path}__iexact": words}) & said
            case "lower":
                yield Q(Exact(Lower(F(path)), Value(words.lower()))) & said
            case _:
                yield Q(**{path: words}) & said


def _under(prefix: str, condition: Any) -> Any:
    """Return a condition on a table as it is said from another one."""
    if not isinstance(condition, Q):
        name, value = condition
        return f"{prefix}{name}", value
    children = [_under(prefix, each) for each in condition.children]
    return Q(*children, _connector=condition.connector, _negated=condition.negated)
