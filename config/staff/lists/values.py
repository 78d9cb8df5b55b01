"""Which values a filter offers: Django's own asks for every one that a column has, which reads the whole table."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.filters import AllValuesFieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import BooleanField, CheckConstraint, DateField, Field, Model, Q, QuerySet

from config.staff import lists
from config.staff.lists.sizes import is_long
from config.staff.lists.words import keys

_NEWEST = "SELECT DISTINCT n.{column} FROM (SELECT {column} FROM {table} ORDER BY {key} DESC LIMIT %s) AS n"
# What ANALYZE saw often. Of a column of a few values it sees each that is not very rare.
_COMMON = """
SELECT most_common_vals::text::text[] FROM pg_stats
WHERE schemaname = current_schema() AND tablename = %s AND attname = %s
"""


class KnownValues(AllValuesFieldListFilter):
    """The values that a constraint names; without one, those of the newest rows and those that are common."""

    lookup_choices: Any

    def __init__(self, field: "Field[Any, Any]", *arguments: Any, **options: Any) -> None:
        super().__init__(field, *arguments, **options)
        chosen = [str(value) for value in self.lookup_val or () if value]
        self.lookup_choices = _ordered({*known_values(field), *chosen})

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Narrow the list; where few rows of another table have the value, by these: joined, both are read whole."""
        path, _, column = self.field_path.rpartition("__")
        if not path or not self.lookup_val:
            return super().queryset(request, queryset)
        try:
            found = keys(self.field.model._default_manager.filter(**{f"{column}__in": self.lookup_val}))  # noqa: SLF001 - Django's documented name
        except (ValueError, ValidationError) as not_a_value:  # as Django's own does
            raise IncorrectLookupParameters from not_a_value
        if len(found) > lists.ROWS_AT_MOST:
            return super().queryset(request, queryset)
        return queryset.filter(**{f"{path}__in": found})


def known_values(field: "Field[Any, Any]") -> Iterable[object]:
    """Return what a column may have, or has."""
    return _named(field) or {*_newest(field), *_common(field)}


def with_known_values(model: type[Model], list_filter: Iterable[Any]) -> list[Any]:
    """Return the filters of a list, with ours for those columns whose values Django would look for."""
    return [(each, KnownValues) if _looks_for_values(model, each) else each for each in list_filter]


def _looks_for_values(model: type[Model], list_filter: Any) -> bool:
    if not isinstance(list_filter, str):
        return False
    field = get_fields_from_path(model, list_filter)[-1]
    return not (field.remote_field or field.choices or isinstance(field, BooleanField | DateField))


def _named(field: "Field[Any, Any]") -> Sequence[object]:
    """Return what a constraint of the form ``state IN (...)`` lets in."""
    for constraint in field.model._meta.constraints:  # noqa: SLF001 - Django's documented name
        match constraint:
            case CheckConstraint(condition=Q(children=[(lookup, values)], negated=False)):
                if lookup == f"{field.name}__in":
                    return list(values)
    return ()


def _newest(field: "Field[Any, Any]") -> Iterable[object]:
    meta = field.model._meta  # noqa: SLF001 - Django's documented name
    names = {"table": meta.db_table, "column": field.column, "key": meta.pk.column}
    quoted = {each: connection.ops.quote_name(str(name)) for each, name in names.items()}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(**quoted), [lists.ROWS_SEARCHED])
        return [field.to_python(value) for (value,) in cursor.fetchall()]


def _common(field: "Field[Any, Any]") -> Iterable[object]:
    if not is_long(field.model):
        return ()
    with connection.cursor() as cursor:
        cursor.execute(_COMMON, [field.model._meta.db_table, field.column])  # noqa: SLF001 - the same
        row = cursor.fetchone()
    return [field.to_python(value) for value in (row and row[0]) or ()]


def _ordered(values: Iterable[object]) -> list[object]:
    return sorted(values, key=lambda value: (value is not None, str(value)))
