"""JSON on the admin's pages, without django-unfold's colours: those are style attributes, which the policy forbids."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import JSONField, Model
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

# Of the highlighter's own tags: in what they enclose, quotation marks are escaped.
_STYLES = re.compile(r' style="[^"]*"')


class PlainJson(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Mixed into every ModelAdmin that is registered (site.py)."""

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.readonly_preprocess_fields = _json_fields(model)

    def get_inline_instances(
        self, request: HttpRequest, obj: Model | None = None
    ) -> "list[InlineModelAdmin[Any, Any]]":
        """Return them, told the same."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            inline.readonly_preprocess_fields = _json_fields(inline.model)  # type: ignore[attr-defined]  # unfold's
        return inlines


def without_styles(shown: SafeString) -> SafeString:
    """Return HTML that the highlighter has made without its style attributes."""
    plain = _STYLES.sub("", shown.replace("<pre style=", '<pre class="raw" style='))
    return mark_safe(plain)  # noqa: S308 - nothing is put in that was not safe


def _json_fields(model: type[Model]) -> dict[str, Any]:
    fields = model._meta.get_fields()  # noqa: SLF001 - Django's documented name
    return {field.name: without_styles for field in fields if isinstance(field, JSONField)}
