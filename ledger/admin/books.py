"""Sets of books, their accounts, and what these hold: to look at."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from exactly_once.read_only import ReadOnly
from ledger import queries, report_pages
from ledger.models import (
    Account,
    Balance,
    Book,
    DailySum,
    ImportRun,
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


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnly, ModelAdmin):
    """Files that were imported, and how far each came."""

    when_empty = "A run comes here when a file is imported into the books on the command line."
    list_display = ("file_name", "book", "format", "state", "lines_done", "posted", "replayed", "refused", "started_at")
    list_filter = ("state", "format", "book")
    list_select_related = ("book",)
    search_fields = ("file_name", "sha256", "book__code")
    date_hierarchy = "started_at"
