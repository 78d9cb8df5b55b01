"""Merchants' endpoints: made, changed, their secrets rotated. A secret is shown in one message, and never again."""

from datetime import UTC, datetime
from typing import Any, override

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

from exactly_once import webhook_endpoints
from exactly_once.admin.confirm import Foreseen, Question, split, unconfirmed
from exactly_once.errors import InvalidInput, Refused
from exactly_once.models import WebhookEndpoint, WebhookSecret
from exactly_once.read_only import ReadOnly
from exactly_once.webhook_endpoints import EndpointChange

EDITABLE = ("url", "event_types", "description")
NEWEST_SECRET = "newest-secret-"  # noqa: S105 - the name of a field that holds a row's number


class SecretInline(ReadOnly, TabularInline):
    """Which secrets sign, and until when; never the secrets themselves."""

    model = WebhookSecret
    fields = ("valid_from", "valid_until")
    extra = 0


class WebhookEndpointForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """An address that webhooks may go to, and patterns that types can fit."""

    class Meta:
        model = WebhookEndpoint
        fields = ("client", *EDITABLE, "enabled")

    @override
    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        types = fields.get("event_types", [])
        if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
            raise forms.ValidationError({"event_types": "A list of texts is expected."})
        try:
            webhook_endpoints.check_address(
                url=fields.get("url"), event_types=types or None, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE
            )
            if self.instance.pk is None or (fields.get("enabled") and not self.initial["enabled"]):
                webhook_endpoints.room_for_one_more(client=fields.get("client", self.instance.client))
        except InvalidInput as error:
            raise forms.ValidationError(error.fields[0].detail if error.fields else error.detail) from error
        except Refused as error:
            raise forms.ValidationError(error.detail) from error
        return fields


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):
    """Endpoints. Clients manage their own over the API."""

    when_empty = "Nobody is told of events yet. Clients add endpoints over the API, or you add one here."
    form = WebhookEndpointForm
    list_display = ("url", "client", "public_id", "event_types", "enabled", "disabled_reason", "created_at")
    list_filter = ("enabled", "client")
    search_fields = ("url", "client", "description", "public_id")
    inlines = (SecretInline,)
    actions = ("rotate_secret", "switch_off")

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[str, ...]:
        """Keep an endpoint's client as it is: what goes there must not change hands."""
        return () if obj is None else ("public_id", "client", "disabled_reason", "created_at")

    @override
    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[Any, ...]:
        if obj is None:
            return ("client", *EDITABLE)
        return ("public_id", "client", *EDITABLE, "enabled", "disabled_reason", "created_at")

    @override
    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: "forms.ModelForm[WebhookEndpoint]", change: bool
    ) -> None:
        """Change what may be changed; a new endpoint comes with a secret, in the one message that ever has it."""
        if change:
            webhook_endpoints.change_endpoint(
                endpoint_id=obj.public_id,
                client=obj.client,
                change=EndpointChange(obj.url, obj.event_types, obj.description, obj.enabled),
                allow_private=settings.WEBHOOKS_ALLOW_PRIVATE,
            )
            return
        row, secret = webhook_endpoints.create_endpoint(
            client=obj.client,
            url=obj.url,
            event_types=obj.event_types,
            description=obj.description,
            now=datetime.now(UTC),
            allow_private=settings.WEBHOOKS_ALLOW_PRIVATE,
        )
        obj.pk, obj.public_id, obj.created_at = row.pk, row.public_id, row.created_at
        _show(request, secret, row)

    @admin.action(description="Rotate the secret", permissions=["change"])
    def rotate_secret(self, request: HttpRequest, endpoints: QuerySet[WebhookEndpoint]) -> TemplateResponse | None:
        """Ask, then give each a new secret beside the old one, which goes on for a day."""
        seen_now = {
            f"{NEWEST_SECRET}{row.pk}": newest.pk
            for row in endpoints
            if (newest := row.secrets.order_by("-pk").first()) is not None
        }
        told = "given a new secret, shown once; the old one stays valid for 24 hours beside it"
        question = Question("Rotate the secret?", [Foreseen(told, endpoints)], noted=seen_now)
        asked = unconfirmed(request, question, opts=self.opts, action="rotate_secret")
        if asked is not None:
            return asked
        for row in endpoints:
            seen = request.POST.get(f"{NEWEST_SECRET}{row.pk}", "")
            try:
                _, secret = webhook_endpoints.rotate_secret(
                    endpoint_id=row.public_id,
                    client=row.client,
                    now=datetime.now(UTC),
                    newest_seen=int(seen) if seen.isdecimal() else None,
                )
            except Refused as error:
                messages.error(request, f"{row}: {error.detail}")
            else:
                _show(request, secret, row)
        return None

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, endpoints: QuerySet[WebhookEndpoint]) -> TemplateResponse | None:
        """Ask, then have nothing more sent there. On is for one at a time: its address is checked anew."""
        foreseen = split(
            endpoints,
            Q(enabled=True),
            does="switched off: nothing more is sent there, and new events pass them by",
            otherwise="left alone: off already",
        )
        asked = unconfirmed(request, Question("Switch off?", foreseen), opts=self.opts, action="switch_off")
        if asked is not None:
            return asked
        open_ = list(endpoints.filter(enabled=True).order_by("pk"))
        for row in open_:
            change = EndpointChange(row.url, row.event_types, row.description, enabled=False)
            webhook_endpoints.change_endpoint(
                endpoint_id=row.public_id,
                client=row.client,
                change=change,
                allow_private=settings.WEBHOOKS_ALLOW_PRIVATE,
            )
        self.message_user(request, f"{len(open_)} switched off.", messages.SUCCESS)
        return None

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: its deliveries tell what was sent. Switch it off instead."""
        return False


def _show(request: HttpRequest, secret: str, endpoint: WebhookEndpoint) -> None:
    messages.warning(request, f"The secret of {endpoint} is {secret}. Keep it now: it cannot be shown again.")
