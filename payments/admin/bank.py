"""What the bank booked on our accounts."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from exactly_once.read_only import ReadOnly
from payments.admin import words
from payments.admin.labels import labelled
from payments.models import BankLine

LABELS = {
    "new": "info",
    "matched": "success",
    "void": "success",
    "amount_mismatch": "danger",
    "currency_mismatch": "danger",
    "missing_internal": "warning",
    "duplicate": "danger",
}


@admin.register(BankLine)
class BankLineAdmin(ReadOnly, ModelAdmin):
    """Lines of bank statements, the newest first."""

    list_display = ("booked_on", "money", "stands", "bank", "counterparty", "reference", "payout")
    list_filter = ("state", "bank", "currency", ("finding", admin.EmptyFieldListFilter))
    search_fields = ("line_id", "end_to_end_id", "reference", "counterparty", "payout__public_id")
    date_hierarchy = "booked_on"
    ordering = ("-booked_on", "-pk")
    list_select_related = ("payout",)
    raw_id_fields = ("payout", "finding", "file")
    show_full_result_count = False

    @labelled(description="state", ordering="state", labels=LABELS)
    def stands(self, line: BankLine) -> str:
        """Return the state, to be seen at once."""
        return line.state

    @admin.display(description="money", ordering="amount_minor")
    def money(self, line: BankLine) -> str:
        """Return what came (or went, below zero)."""
        return words.money(line.amount_minor, line.currency)
