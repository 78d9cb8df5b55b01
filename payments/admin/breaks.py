"""What does not fit between PSPs and us, for the people who find out what it was."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from exactly_once.read_only import ReadOnly
from payments.models import Break, BreakEvent, SettlementLine


class BreakEventInline(ReadOnly, TabularInline):
    """What was done about a break."""

    model = BreakEvent
    fields = ("at", "what", "by", "detail")
    ordering = ("pk",)
    extra = 0


class SettlementLineInline(ReadOnly, TabularInline):
    """The settlement line that a break is about."""

    model = SettlementLine
    fields = ("line_id", "kind", "gross_minor", "fee_minor", "currency", "psp_reference", "occurred_at")
    ordering = ("pk",)
    extra = 0
    show_change_link = True


@admin.register(Break)
class BreakAdmin(ReadOnly, ModelAdmin):
    """Findings, the most urgent first."""

    list_display = ("public_id", "kind", "state", "amount_minor", "currency", "psp", "owner", "opened_at", "due_at")
    list_filter = ("state", "kind", "psp", "currency", "in_suspense", "owner")
    search_fields = ("public_id", "subject", "psp_reference", "detail", "attempt__uuid")
    date_hierarchy = "opened_at"
    ordering = ("-state", "due_at")
    inlines = (BreakEventInline, SettlementLineInline)
