"""Who may send events: made and changed here, with what came of them. The rule of a source's keys stays."""

from typing import Any, override

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from exactly_once import event_sources, inbox
from exactly_once.admin.switch import Switched
from exactly_once.models import EventSource

FIXED = ("name", "key_by", "key_pointers")
EDITABLE = ("enabled", "has_handler", "window", "schema")
COUNTS = event_sources.TALLIED


class EventSourceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """A key rule that can find one."""

    class Meta:
        model = EventSource
        fields = (*FIXED, *EDITABLE)

    @override
    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        if fields.get("key_by") == "id" and len(fields.get("key_pointers", [""])) != 1:
            raise forms.ValidationError({"key_pointers": "An id is at one place: one JSON Pointer is expected."})
        return fields


@admin.register(EventSource)
class EventSourceAdmin(Switched):
    """Producers of events, and how many of theirs were accepted, duplicates, conflicts and invalid."""

    when_empty = "Nobody may send events yet. Add a source: a name, and where its events have their key."
    form = EventSourceForm
    switch = "enabled"
    switched_on = "listened to again"
    switched_off = "listened to no more: their events are refused with 409"
    list_display = ("name", "enabled", "key_by", "window", "handled", *COUNTS)
    list_filter = ("enabled", "has_handler", "key_by")
    search_fields = ("name",)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[EventSource]:
        # Of every API client together.
        return event_sources.with_counts()

    @override
    def get_fields(self, request: HttpRequest, obj: EventSource | None = None) -> tuple[Any, ...]:
        return (*FIXED, *EDITABLE) if obj is None else (*FIXED, *EDITABLE, "handled", COUNTS, "created_at")

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: EventSource | None = None) -> tuple[str, ...]:
        return () if obj is None else (*FIXED, "handled", *COUNTS, "created_at")

    @override
    def has_delete_permission(self, request: HttpRequest, obj: EventSource | None = None) -> bool:
        """Nothing is deleted: another one of the same name could look for keys elsewhere, and know no event again."""
        return False

    @admin.display(description="handler")
    def handled(self, source: EventSource) -> str:
        """Say what becomes of its events, and whether somebody is there for them."""
        name = event_sources.inbox_name(source.name)
        there = inbox.has_handler(name)
        if not source.has_handler:
            return "recorded only, though the code has a handler" if there else "recorded only"
        return name if there else f"missing: {name} is not registered, its events wait"

    @admin.display(ordering="accepted")
    def accepted(self, source: Any) -> int:
        """Return how many were new."""
        return int(source.accepted)

    @admin.display(ordering="duplicates")
    def duplicates(self, source: Any) -> int:
        """Return how many were known."""
        return int(source.duplicates)

    @admin.display(ordering="conflicts")
    def conflicts(self, source: Any) -> int:
        """Return how many had the key of another one."""
        return int(source.conflicts)

    @admin.display(ordering="invalid")
    def invalid(self, source: Any) -> int:
        """Return how many broke a rule."""
        return int(source.invalid)
