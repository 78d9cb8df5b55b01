"""The way to a day: every year, month or day from the first row to the last, whether or not there are rows.

Django's own asks which of them have rows, which reads the whole table.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db.models import Max, Min
from django.utils import formats, timezone
from django.utils.text import capfirst

from config.staff.lists.sizes import is_long

_PARTS = ("year", "month", "day")


def ways(listed: Any) -> dict[str, Any] | None:
    """Return the way back and the choices, as ``admin/date_hierarchy.html`` draws them; None where there is no row."""
    first, last = _span(listed)
    if first is None or last is None:
        return None
    asked = [listed.params.get(f"{listed.date_hierarchy}__{part}") for part in _PARTS]
    chosen = tuple(int(part) for part in asked if part)
    if len(chosen) == len(_PARTS):
        return {"back": _way(listed, chosen[:-1]), "choices": [{"title": _title(chosen)}]}
    shown = chosen
    while len(shown) < 2 and len(found := list(_below(shown, first, last))) == 1:  # noqa: PLR2004 - year and month
        shown = found[0]
    choices = [_way(listed, each) for each in _below(shown, first, last)]
    return {"back": _way(listed, chosen[:-1]) if chosen else None, "choices": choices}


def _span(listed: Any) -> tuple[date | None, date | None]:
    """Return the first day and the last; of a long list, those of the rows with the lowest and the highest key."""
    name, rows = listed.date_hierarchy, listed.root_queryset.order_by()
    if is_long(listed.model):
        ends = [rows.order_by(order).values_list(name, flat=True).first() for order in ("pk", "-pk")]
    else:
        ends = list(rows.aggregate(first=Min(name), last=Max(name)).values())
    days = sorted(_day(end) for end in ends if end is not None)
    return (days[0], days[-1]) if days else (None, None)


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
