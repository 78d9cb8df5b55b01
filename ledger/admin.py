"""The books in the admin: to look at. Nothing here, or anywhere, edits or deletes them."""

from datetime import UTC, datetime

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from exactly_once.read_only import ReadOnly
from ledger import invariants, queries, report_pages
from ledger.models import (
    Account,
    Balance,
    Book,
    DailySum,
    Entry,
    Hold,
    ImportRun,
    Invariant,
    LateTransaction,
    Remainder,
    Resolution,
    SealBlock,
    SealPosition,
    Transaction,
)
from ledger.money import Money


@admin.register(Book)
class BookAdmin(ReadOnly, ModelAdmin):
    """Sets of books."""

    when_empty = "A set of books comes here when it is opened: over the API, or with the first sale."
    list_display = ("code", "name", "open_from", "reports")
    search_fields = ("code", "name")

    def get_urls(self) -> list[URLPattern]:
        report = self.admin_site.admin_view(self.report)
        ours = [path("<int:book_id>/reports/<slug:name>/", report, name="ledger_book_report")]
        return [*ours, *super().get_urls()]

    def report(self, request: HttpRequest, book_id: int, name: str) -> HttpResponseBase:
        """Answer with a report, to whoever may see books."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if name not in report_pages.REPORTS:
            raise Http404
        return report_pages.book_page(self.admin_site, request, get_object_or_404(Book, pk=book_id), name)

    @admin.display(description="reports")
    def reports(self, book: Book) -> str:
        """Return a link to the book's reports."""
        return format_html(
            '<a href="{}">Reports</a>', reverse("admin:ledger_book_report", args=[book.pk, "trial-balance"])
        )


@admin.register(Account)
class AccountAdmin(ReadOnly, ModelAdmin):
    """Accounts with what they hold."""

    when_empty = "Accounts are opened over the API, or with the first posting that needs them."
    list_display = ("code", "currency", "book", "type", "current_balance", "entries", "closed", "statement_link")
    list_filter = ("book", "type", "currency")
    search_fields = ("code", "public_id", "book__code")

    def get_urls(self) -> list[URLPattern]:
        statement = self.admin_site.admin_view(self.statement)
        ours = [path("<int:account_id>/statement/", statement, name="ledger_account_statement")]
        return [*ours, *super().get_urls()]

    def statement(self, request: HttpRequest, account_id: int) -> HttpResponseBase:
        """Answer with the account's statement, to whoever may see accounts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        account = get_object_or_404(Account.objects.select_related("book"), pk=account_id)
        return report_pages.account_page(self.admin_site, request, account)

    @admin.display(description="statement")
    def statement_link(self, account: Account) -> str:
        """Return a link to the account's statement."""
        return format_html('<a href="{}">Statement</a>', reverse("admin:ledger_account_statement", args=[account.pk]))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        found: QuerySet[Account] = super().get_queryset(request)
        return queries.with_sums(found)

    @admin.display(description="balance")
    def current_balance(self, account: Account) -> str:
        """Return what the account holds, positive on its normal side."""
        return str(queries.balance_of(account).balance)

    @admin.display(description="entries")
    def entries(self, account: Account) -> int:
        """Return how many entries the account has."""
        return int(getattr(account, "entry_count", 0))

    @admin.display(boolean=True, description="open")
    def closed(self, account: Account) -> bool:
        """Return whether the account takes entries."""
        return getattr(account, "closed_at", None) is None


@admin.register(Balance)
class BalanceAdmin(ReadOnly, ModelAdmin):
    """The sums that postings lock and verify recomputes."""

    when_empty = "A balance comes here with its account."
    list_display = ("account", "debits_minor", "credits_minor", "version", "closed_at")
    list_select_related = ("account",)
    list_filter = ("account__book", "account__type", "account__currency")
    search_fields = ("account__code", "account__book__code")


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


@admin.register(SealBlock)
class SealBlockAdmin(ReadOnly, ModelAdmin):
    """The chain of sealed blocks. Note a hash outside, and nothing before it can change unseen."""

    when_empty = "A block comes here when what is posted is sealed, which happens by itself, within seconds."
    list_display = ("book", "number", "count", "through_id", "hash_hex", "sealed_at")
    list_filter = ("book",)
    list_select_related = ("book",)
    search_fields = ("book__code", "=number")
    exclude = ("hash", "root", "previous_hash", "marks")
    readonly_fields = ("hash_hex", "root_hex")

    @admin.display(description="hash")
    def hash_hex(self, block: SealBlock) -> str:
        """Return the block's hash."""
        return bytes(block.hash).hex()

    @admin.display(description="root")
    def root_hex(self, block: SealBlock) -> str:
        """Return the root of its Merkle tree."""
        return bytes(block.root).hex()


@admin.register(SealPosition)
class SealPositionAdmin(ReadOnly, ModelAdmin):
    """How far everything is sealed."""

    when_empty = "Nothing is sealed yet, which happens by itself, within seconds."
    list_display = ("through_id", "sealed_at")
    search_fields = ("=through_id",)


@admin.register(DailySum)
class DailySumAdmin(ReadOnly, ModelAdmin):
    """What accounts moved per day, as reports add it up."""

    when_empty = "Sums come here by themselves, from what is posted."
    list_display = ("account", "effective_on", "recorded_on", "debits", "credits")
    list_select_related = ("account",)
    list_filter = ("account__book", "account__currency")
    search_fields = ("account__code",)
    date_hierarchy = "effective_on"

    @admin.display(description="debits")
    def debits(self, row: DailySum) -> str:
        """Return the day's debits."""
        return str(Money(row.debits_minor, row.account.currency))

    @admin.display(description="credits")
    def credits(self, row: DailySum) -> str:
        """Return the day's credits."""
        return str(Money(row.credits_minor, row.account.currency))


@admin.register(Invariant)
class InvariantAdmin(ModelAdmin):
    """What must be true of accounts besides the books' own rules: declared here, checked here and by verify."""

    when_empty = "Add what must be true of an account, such as 'never below zero': verify and this page check it."
    list_display = ("name", "book", "kind", "account", "holds")
    list_filter = ("book", "kind")
    list_select_related = ("book",)
    search_fields = ("name", "account", "book__code")
    readonly_fields = ("findings",)

    @admin.display(boolean=True, description="holds")
    def holds(self, invariant: Invariant) -> bool:
        """Return whether it is true now."""
        return not invariants.check(invariant, now=datetime.now(UTC))[1]

    @admin.display(description="now")
    def findings(self, invariant: Invariant) -> str:
        """Return what breaks it now."""
        if not invariant.account:
            return "It is checked once it is saved."
        return "; ".join(invariants.check(invariant, now=datetime.now(UTC))[1]) or "It holds."


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnly, ModelAdmin):
    """Files that were imported, and how far each came."""

    when_empty = "A run comes here when a file is imported into the books on the command line."
    list_display = ("file_name", "book", "format", "state", "lines_done", "posted", "replayed", "refused", "started_at")
    list_filter = ("state", "format", "book")
    list_select_related = ("book",)
    search_fields = ("file_name", "sha256", "book__code")
    date_hierarchy = "started_at"
