"""API keys in the admin: made, renamed and revoked; never read again, never deleted."""

from datetime import UTC, datetime
from typing import Any, override

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from config.access.models import SCOPES, ApiKey
from exactly_once.admin.confirm import Question, split, unconfirmed


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """Scopes as boxes to tick."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiKey
        fields = ("name", "client", "scopes", "requests_per_minute", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Who may call the API."""

    when_empty = "Nobody may call the API yet. Add a key: it is shown once."
    form = ApiKeyForm
    list_display = ("name", "prefix", "client", "scopes", "created_at", "expires_at", "revoked_at")
    list_filter = ("client", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "client", "prefix")
    date_hierarchy = "created_at"
    actions = ("revoke",)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Keep a key's client as it is: objects must not change hands."""
        return () if obj is None else ("client", "prefix", "created_at", "revoked_at")

    @override
    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        editable = ("name", "client", "scopes", "requests_per_minute", "expires_at")
        return editable if obj is None else (*editable, "prefix", "created_at", "revoked_at")

    @override
    def save_model(self, request: HttpRequest, obj: ApiKey, form: "forms.ModelForm[ApiKey]", change: bool) -> None:
        """Change what may be changed; a new key is issued, and shown in the one message that ever has it."""
        if change:
            obj.save(update_fields=["name", "scopes", "requests_per_minute", "expires_at"])
            return
        row, key = ApiKey.issue(
            name=obj.name,
            client=obj.client,
            scopes=obj.scopes,
            requests_per_minute=obj.requests_per_minute,
            expires_at=obj.expires_at,
            now=datetime.now(UTC),
        )
        obj.pk, obj.prefix, obj.created_at = row.pk, row.prefix, row.created_at
        messages.warning(request, f"The key is {key}. Keep it now: it cannot be shown again.")

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> TemplateResponse | None:
        """Ask, then end the keys at once, and for ever."""
        foreseen = split(
            keys,
            Q(revoked_at=None),
            does="revoked at once, and for ever: whoever calls with them gets 401",
            otherwise="left alone: revoked already",
        )
        asked = unconfirmed(request, Question("Revoke these keys?", foreseen), opts=self.opts, action="revoke")
        if asked is not None:
            return asked
        revoked = keys.filter(revoked_at=None).update(revoked_at=datetime.now(UTC))
        messages.success(request, f"{revoked} revoked.")
        return None

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: whoever reads old rows must find whose key it was."""
        return False
