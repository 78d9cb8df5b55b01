"""What two people hold for true of attempts that nobody knows the outcome of."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from exactly_once.read_only import ReadOnly
from payments.models import Decision


@admin.register(Decision)
class DecisionAdmin(ReadOnly, ModelAdmin):
    """Decisions, the open ones first."""

    list_display = ("public_id", "state", "outcome", "amount_minor", "currency", "proposed_by", "closed_by", "reason")
    list_filter = ("state", "outcome", "attempt__psp")
    search_fields = ("public_id", "psp_reference", "reason", "evidence", "attempt__uuid", "proposed_by", "closed_by")
    date_hierarchy = "proposed_at"
    ordering = ("-proposed_at",)
