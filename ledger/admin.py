"""The books in the admin: to look at. Nothing here, or anywhere, edits or deletes them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from exactly_once.read_only import ReadOnly
from ledger.models import Account, Balance, Book, Entry, ImportRun, Transaction
from ledger.money import Money


def _money(amount_minor: int, currency: str) -> str:
    return str(Money(amount_minor, currency))


class EntryInline(ReadOnly, TabularInline):
    """A transaction's lines."""

    model = Entry
    fields = ("account", "direction", "amount", "balance_after", "account_version")
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        rows: QuerySet[Entry] = super().get_queryset(request).select_related("account").order_by("pk")
        return rows

    @admin.display(description="amount")
    def amount(self, entry: Entry) -> str:
        """Return the amount with its currency."""
        return _money(entry.amount_minor, entry.currency)

    @admin.display(description="balance after")
    def balance_after(self, entry: Entry) -> str:
        """Return the account's balance after the entry."""
        return _money(entry.balance_after_minor, entry.currency)


@admin.register(Book)
class BookAdmin(ReadOnly, ModelAdmin):
    """Sets of books."""

    list_display = ("code", "name", "created_at")
    search_fields = ("code", "name")


@admin.register(Account)
class AccountAdmin(ReadOnly, ModelAdmin):
    """Accounts with what they hold."""

    list_display = ("code", "currency", "book", "type", "current_balance", "entries", "closed")
    list_filter = ("book", "type", "currency")
    list_select_related = ("book", "balance")
    search_fields = ("code", "public_id", "book__code")

    @admin.display(description="balance")
    def current_balance(self, account: Account) -> str:
        """Return what the account holds, positive on its normal side."""
        net = account.balance.debits_minor - account.balance.credits_minor
        return _money(net if account.normal_side == "debit" else -net, account.currency)

    @admin.display(description="entries")
    def entries(self, account: Account) -> int:
        """Return how many entries the account has."""
        return account.balance.version

    @admin.display(boolean=True, description="open")
    def closed(self, account: Account) -> bool:
        """Return whether the account takes entries."""
        return account.balance.closed_at is None


@admin.register(Balance)
class BalanceAdmin(ReadOnly, ModelAdmin):
    """The sums that postings lock and verify recomputes."""

    list_display = ("account", "debits_minor", "credits_minor", "version", "closed_at")
    list_select_related = ("account",)
    search_fields = ("account__code", "account__book__code")


@admin.register(Transaction)
class TransactionAdmin(ReadOnly, ModelAdmin):
    """What was posted."""

    list_display = ("public_id", "kind", "reference", "book", "effective_at", "recorded_at")
    list_filter = ("kind", "book")
    list_select_related = ("book",)
    search_fields = ("public_id", "reference", "description", "metadata__order_reference")
    date_hierarchy = "effective_at"
    exclude = ("fingerprint",)
    inlines = (EntryInline,)


@admin.register(Entry)
class EntryAdmin(ReadOnly, ModelAdmin):
    """Every line of the books."""

    list_display = ("transaction", "account", "direction", "amount_minor", "currency", "balance_after_minor")
    list_filter = ("direction", "currency")
    list_select_related = ("transaction", "account")
    search_fields = ("transaction__public_id", "transaction__reference", "account__code")


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnly, ModelAdmin):
    """Files that were imported, and how far each came."""

    list_display = ("file_name", "book", "format", "state", "lines_done", "posted", "replayed", "refused", "started_at")
    list_filter = ("state", "format", "book")
    list_select_related = ("book",)
    search_fields = ("file_name", "sha256", "book__code")
    date_hierarchy = "started_at"
