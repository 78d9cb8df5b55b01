"""What was posted, promised and undone: to look at. Nothing here, or anywhere, edits or deletes it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.admin import ModelAdmin

from exactly_once.read_only import ReadOnly
from ledger import queries
from ledger.models import (
    Entry,
    Hold,
    LateTransaction,
    Remainder,
    Resolution,
    Transaction,
)
from ledger.money import Money


@admin.register(Transaction)
class TransactionAdmin(ReadOnly, ModelAdmin):
    """What was posted."""

    when_empty = "Nothing is posted yet: no money has moved."
    list_display = ("public_id", "kind", "reference", "book", "effective_at", "recorded_at")
    readonly_fields = ("lines",)
    list_filter = ("kind", "book")
    list_select_related = ("book",)
    search_fields = ("=id", "reference", "description", "metadata__order_reference")
    date_hierarchy = "effective_at"
    exclude = ("fingerprint",)

    @admin.display(description="entries")
    def lines(self, found: Transaction) -> str:
        """Return the entries as a table."""
        return render_to_string("admin/ledger/entries.html", {"entries": queries.with_entries([found])[0].entries})


@admin.register(Entry)
class EntryAdmin(ReadOnly, ModelAdmin):
    """Every line of the books."""

    when_empty = "Entries come here with their transaction, and stay for ever."
    list_display = ("reference", "account", "direction", "amount", "status", "balance_after")
    list_filter = ("direction", "status", "currency")
    list_select_related = ("account",)
    search_fields = ("account__code", "reference")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        found: QuerySet[Entry] = super().get_queryset(request)
        return queries.with_transactions(found)

    def found_also(self, words: str) -> QuerySet[Entry]:
        """Return the entries of the transactions with this reference: its column is not theirs."""
        return queries.entries_of(reference=words)

    @admin.display(description="reference")
    def reference(self, entry: Entry) -> str:
        """Return the reference of the entry's transaction."""
        return str(getattr(entry, "reference", ""))


@admin.register(Hold)
class HoldAdmin(ReadOnly, ModelAdmin):
    """What is promised and not posted yet."""

    when_empty = "A hold comes here when an amount is promised and not posted yet, such as an authorised payment."
    list_display = ("transaction", "expires_at", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    list_select_related = ("transaction",)
    search_fields = ("transaction__reference",)


@admin.register(Resolution)
class ResolutionAdmin(ReadOnly, ModelAdmin):
    """What settled, voided, expired or reversed what."""

    when_empty = "A resolution comes here when a hold ends, or a transaction is reversed."
    list_display = ("transaction", "action", "target", "final")
    list_filter = ("action", "final")
    list_select_related = ("transaction", "target")
    search_fields = ("transaction__reference", "target__reference")


@admin.register(Remainder)
class RemainderAdmin(ReadOnly, ModelAdmin):
    """How much of a hold or a reversed transaction is used, line by line."""

    when_empty = "Remainders come here when a hold or a reversed transaction is used in parts."
    list_display = ("transaction", "account", "direction", "used", "total")
    list_select_related = ("transaction", "account")
    list_filter = ("direction", "account__currency")
    search_fields = ("transaction__reference", "account__code")

    @admin.display(description="used")
    def used(self, row: Remainder) -> str:
        """Return what was settled, released or reversed."""
        return str(Money(row.used_minor, row.account.currency))

    @admin.display(description="of")
    def total(self, row: Remainder) -> str:
        """Return the line's whole amount."""
        return str(Money(row.total_minor, row.account.currency))


@admin.register(LateTransaction)
class LateTransactionAdmin(ReadOnly, ModelAdmin):
    """What was dated in a closed period, and counts from the open one on."""

    when_empty = "Nothing was dated into a closed period."
    list_display = ("transaction", "dated_at")
    list_select_related = ("transaction",)
    list_filter = ("transaction__book", "dated_at")
    search_fields = ("transaction__reference",)
