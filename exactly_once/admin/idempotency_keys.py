"""Who asked for what, under which key, and what was answered."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from exactly_once.admin.raw import preformatted
from exactly_once.models import IdempotencyKey
from exactly_once.read_only import ReadOnly


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnly, ModelAdmin):
    """Keys with their answers."""

    list_display = ("key", "client", "state", "response_status", "subject", "recovery_point", "created_at")
    list_filter = ("state", "response_status", "recovery_point")
    search_fields = ("key", "client", "subject")
    date_hierarchy = "created_at"
    fields = (
        ("client", "key"),
        ("state", "subject", "recovery_point"),
        ("created_at", "finished_at"),
        ("lease_expires_at", "resumptions"),
        "request_fingerprint",
        ("response_status", "response_content_type"),
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
        return preformatted(key.response_body)
