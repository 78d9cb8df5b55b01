"""What payments are for, and what refunds pay back of it: to look at, never to edit."""

from typing import cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from exactly_once.read_only import ReadOnly
from payments.models import IntentPart, RefundPart


class PartInline(ReadOnly, TabularInline):
    """What an intent is for."""

    model = IntentPart
    fields = ("kind", "reference", "jurisdiction", "quantity", "amount_minor", "refunded")
    readonly_fields = ("refunded",)
    extra = 0

    @admin.display(description="refunded minor")
    def refunded(self, part: IntentPart) -> int:
        """Return what was paid back of it, or promised."""
        return part.refunded_minor

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntentPart]:
        """Read the shares of refunds along."""
        rows = cast("QuerySet[IntentPart]", super().get_queryset(request))
        return rows.prefetch_related("shares__refund")


class ShareInline(ReadOnly, TabularInline):
    """What a refund pays back of which part."""

    model = RefundPart
    fields = ("part", "amount_minor", "earned_minor")
    extra = 0


@admin.register(IntentPart)
class IntentPartAdmin(ReadOnly, ModelAdmin):
    """Lines, shipping and taxes."""

    when_empty = "Parts come here with an intent: its lines, its shipping and its taxes."
    list_display = ("intent", "kind", "reference", "jurisdiction", "quantity", "amount_minor")
    list_filter = ("kind", "jurisdiction")
    list_select_related = ("intent",)
    search_fields = ("reference", "intent__public_id", "intent__order_reference")


@admin.register(RefundPart)
class RefundPartAdmin(ReadOnly, ModelAdmin):
    """What refunds pay back of them."""

    when_empty = "Parts come here with a refund: what it pays back of which line."
    list_display = ("refund", "part", "amount_minor", "earned_minor")
    list_select_related = ("refund", "part")
    list_filter = ("part__kind", "refund__state")
    search_fields = ("refund__public_id", "part__reference", "part__intent__public_id")
