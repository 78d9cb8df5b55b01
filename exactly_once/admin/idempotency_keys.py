"""Who asked for what, under which key, and what was answered."""

import re

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from exactly_once.admin.raw import preformatted
from exactly_once.models import IdempotencyKey
from exactly_once.read_only import ReadOnly

WEBHOOK_SECRET = re.compile(rb"whsec_[A-Za-z0-9+/=]+")


class Resumed(admin.SimpleListFilter):
    """Keys that a second request, or more, had to take over from one that had died."""

    title = "resumed"
    parameter_name = "resumed"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        """Return what can be chosen."""
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[IdempotencyKey]) -> QuerySet[IdempotencyKey]:
        """Narrow the list."""
        match self.value():
            case "yes":
                return queryset.filter(resumptions__gt=0)
            case "no":
                return queryset.filter(resumptions=0)
        return queryset


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnly, ModelAdmin):
    """Keys with their answers."""

    when_empty = "A key comes here with the first request that changes something over the API."
    list_display = (
        "key",
        "client",
        "state",
        "response_status",
        "subject",
        "recovery_point",
        "resumptions",
        "created_at",
    )
    list_filter = ("state", Resumed, "response_status", "recovery_point")
    search_fields = ("key", "client", "subject")
    date_hierarchy = "created_at"
    fields = (
        ("client", "key"),
        ("state", "subject", "recovery_point"),
        ("created_at", "finished_at"),
        ("lease_expires_at", "resumptions"),
        "request_fingerprint",
        ("response_status", "response_content_type", "location"),
        "answer",
    )
    readonly_fields = ("request_fingerprint", "answer")

    @admin.display(description="fingerprint (SHA-256)")
    def request_fingerprint(self, key: IdempotencyKey) -> str:
        """Return the fingerprint in hexadecimal."""
        return bytes(key.fingerprint).hex()

    @admin.display(description="response body")
    def answer(self, key: IdempotencyKey) -> str:
        """Return what was answered, and is answered to every retry."""
        # A new webhook endpoint's answer is the one place where its secret stands, for the client's retries.
        body = None if key.response_body is None else WEBHOOK_SECRET.sub(b"whsec_(hidden)", bytes(key.response_body))
        return preformatted(body)
