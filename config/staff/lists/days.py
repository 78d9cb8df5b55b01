"""The way to a day: every year, month or day from the first that has rows to the last, whether or not it has any.

Django's own asks which of them have rows, which reads the whole table.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import takewhile
from typing import Any, cast

from django.contrib.admin.utils import get_fields_from_path
from django.db import connection
from django.db.models import Field, Max, Min, QuerySet
from django.utils import formats, timezone
from django.utils.text import capfirst

from config.staff import lists
from config.staff.lists.sizes import is_long

_PARTS = ("year", "month", "day")
_SEEN = """
SELECT min(seen), max(seen)
FROM pg_stats, unnest(
    coalesce(most_common_vals::text::{kind}[], '{{}}') || coalesce(histogram_bounds::text::{kind}[], '{{}}')
) AS seen
WHERE schemaname = current_schema() AND tablename = %s AND attname = %s
"""


def ways(listed: Any) -> dict[str, Any] | None:
    """Return the way back and the choices, as ``admin/date_hierarchy.html`` draws them; None where there is no row."""
    first, last = _span(listed)
    if first is None or last is None:
        return None
    asked = [listed.params.get(f"{listed.date_hierarchy}__{part}") for part in _PARTS]
    # A month or a day of no year narrows the list, but is no place on the way.
    chosen = tuple(int(part) for part in takewhile(bool, asked))
    if len(chosen) == len(_PARTS):
        return {"back": _way(listed, chosen[:-1]), "choices": [{"title": _title(chosen)}]}
    shown = chosen
    while len(shown) < 2 and len(found := list(_below(shown, first, last))) == 1:  # noqa: PLR2004 - year and month
        shown = found[0]
    choices = [_way(listed, each) for each in _below(shown, first, last)]
    return {"back": _way(listed, chosen[:-1]) if chosen else None, "choices": choices}


def _span(listed: Any) -> tuple[date | None, date | None]:
    """Return the first day and the last; of a long list, about, and no earlier than today.

    Rows may be about another day than that on which they came: the newest of a long list, its oldest and those that
    ANALYZE saw are looked at.
    """
    name, rows = listed.date_hierarchy, listed.root_queryset.order_by()
    if not is_long(listed.model):
        return _days(_ends(rows, name))
    some = [rows.order_by(order)[: lists.ROWS_SEARCHED] for order in ("pk", "-pk")]
    seen = _seen_by_analyze(get_fields_from_path(listed.model, name)[-1])
    return _days([timezone.localdate(), *seen, *(end for each in some for end in _ends(each, name))])


def _ends(rows: QuerySet[Any], name: str) -> list[Any]:
    return list(rows.aggregate(first=Min(name), last=Max(name)).values())


def _days(ends: Iterable[Any]) -> tuple[date | None, date | None]:
    days = sorted(_day(end) for end in ends if end is not None)
    return (days[0], days[-1]) if days else (None, None)


def _seen_by_analyze(field: "Field[Any, Any]") -> Iterable[Any]:
    """Return the first and the last value of its sample: those that are common are no bounds of its histogram."""
    with connection.cursor() as cursor:
        kind = field.db_type(connection)
        cursor.execute(_SEEN.format(kind=kind), [field.model._meta.db_table, field.column])  # noqa: SLF001 - Django's documented name
        return cast("tuple[Any, Any]", cursor.fetchone())


def _day(at: date) -> date:
    return timezone.localtime(at).date() if isinstance(at, datetime) else at


def _below(chosen: tuple[int, ...], first: date, last: date) -> Iterator[tuple[int, ...]]:
    """Return the years; the months of a year; or the days of a month."""
    numbers = range(first.year, last.year + 1)
    if chosen:
        numbers = range(1, 13) if len(chosen) == 1 else range(1, monthrange(*chosen)[1] + 1)
    for number in numbers:
        each = (*chosen, number)
        if _begins(first)[: len(each)] <= each <= _begins(last)[: len(each)]:
            yield each


def _begins(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _way(listed: Any, chosen: tuple[int, ...]) -> dict[str, str]:
    name = listed.date_hierarchy
    parts = {f"{name}__{part}": number for part, number in zip(_PARTS, chosen, strict=False)}
    return {"link": listed.get_query_string(parts, [f"{name}__"]), "title": _title(chosen)}


def _title(chosen: tuple[int, ...]) -> str:
    match chosen:
        case ():
            return "All dates"
        case (year,):
            return str(year)
        case (year, month):
            return str(capfirst(formats.date_format(date(year, month, 1), "YEAR_MONTH_FORMAT")))
    return str(capfirst(formats.date_format(date(*chosen), "MONTH_DAY_FORMAT")))
