"""What each ModelAdmin of ours has besides: an audit log, and no answer but no to an action that it does not offer."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from config.staff.audit import Act, record


class Audited(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Mixed into every ModelAdmin that is registered (site.py).

    Django's history of forms is told to the audit log as well: in the transaction that changes the row.
    """

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Refuse what somebody may not do: Django would say that nothing was chosen.

        Also two actions at once: Django does the first one, and the log would tell of the other.
        """
        wanted = request.POST.getlist("action") if request.method == "POST" else []
        if len(wanted) > 1 or any(each and each not in self.get_actions(request) for each in wanted):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record that a row was added."""
        self._told(request, "add", obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record that a row was changed, and in which fields."""
        self._told(request, "change", obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Model]) -> Any:
        """Record each row that is about to be deleted."""
        for obj in queryset:
            self._told(request, "delete", obj, "")
        return super().log_deletions(request, queryset)

    def _told(self, request: HttpRequest, verb: str, obj: Model, message: Any) -> None:
        opts = obj._meta  # noqa: SLF001 - Django's documented name
        detail = {"name": str(obj)[:200], "changed": json.loads(json.dumps(message, default=str))}
        act = Act(f"{opts.app_label}_{opts.model_name}_{verb}", opts.label_lower, [str(obj.pk)], detail=detail)
        record(request, act)
        request.audit_rows = getattr(request, "audit_rows", 0) + 1  # type: ignore[attr-defined]  # audited_view.py counts
