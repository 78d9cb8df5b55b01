"""Amounts on pages that are looked at: "EUR 25.80" instead of 2580 here and EUR there."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.db.models import Model
from django.http import HttpRequest

from exactly_once.read_only import ReadOnly
from ledger.money import Money

MINOR = "_minor"


class MoneyShown(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Mixed into every ModelAdmin that is registered (site.py); it does something where rows have a currency."""

    def get_inline_instances(
        self, request: HttpRequest, obj: Model | None = None
    ) -> "list[InlineModelAdmin[Any, Any]]":
        """Do the same to rows within a row's page."""
        inlines = super().get_inline_instances(request, obj)
        inline: Any  # made for this request alone
        for inline in inlines:
            shown = _shown(inline)
            if inline.fields and any(name in shown for name in inline.fields):
                inline.fields = [shown.get(str(name), name) for name in inline.fields if name != "currency"]
                inline.readonly_fields = [*inline.readonly_fields, *shown.values()]
        return inlines

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Show each amount with its currency, which then needs no column."""
        names: Sequence[Any] = super().get_list_display(request)
        shown = self._shown
        if not any(name in shown for name in names):
            return tuple(names)
        return tuple(shown.get(name, name) for name in names if name != "currency")

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Do the same on a row's page."""
        shown = self._shown
        return [
            (title, {**options, "fields": [_replaced(name, shown) for name in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    @cached_property
    def _shown(self) -> dict[str, Any]:
        return _shown(self)


def _shown(editor: "BaseModelAdmin[Any]") -> dict[str, Any]:
    """Return the columns of amounts, each with what is shown instead. Who edits sees what is edited."""
    names = {field.name for field in editor.model._meta.concrete_fields}  # noqa: SLF001 - Django's documented name
    if not isinstance(editor, ReadOnly) or "currency" not in names:
        return {}
    return {name: _column(name) for name in names if name.endswith(MINOR)}


def _replaced(name: Any, shown: dict[str, Any]) -> Any:
    return tuple(shown.get(each, each) for each in name) if isinstance(name, tuple | list) else shown.get(name, name)


def _column(name: str) -> Callable[[Any], str]:
    words = name.removesuffix(MINOR).replace("_", " ")

    @admin.display(description=words, ordering=name)
    def column(row: Any) -> str:
        amount = getattr(row, name)
        return "-" if amount is None else str(Money(amount, row.currency)).replace(" ", "\N{NO-BREAK SPACE}")

    column.__name__ = f"shown_{name}"  # Django names the cell after it
    return column
