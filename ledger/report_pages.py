"""Reports as pages of the admin: to look at, to print, and as files. Days are asked for in the address."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from ledger import history
from ledger.models import Account, Book
from ledger.reports import figures, tables
from ledger.reports.statement import statement
from ledger.reports.tables import Row, Table

# A page of a busy account's statement would not end: the file has all of it.
MAX_LINES = 2_000


class Days(forms.Form):
    """From which day to which, both included."""

    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    through = forms.DateField(required=False, label="Through", widget=forms.DateInput(attrs={"type": "date"}))


def trial_balance(book: Book, days: dict[str, date]) -> list[Table]:
    """Return a book's trial balance."""
    return tables.trial_balance(figures.trial_balances(_moved(book, days)))


def balance_sheet(book: Book, days: dict[str, date]) -> list[Table]:
    """Return a book's balance sheet at the end of its last day."""
    return tables.balance_sheet(figures.balance_sheets(_moved(book, {**days, "since": history.FIRST_DAY})))


def income_statement(book: Book, days: dict[str, date]) -> list[Table]:
    """Return a book's income statement."""
    return tables.income_statement(figures.income_statements(_moved(book, days)))


def roll_up(book: Book, days: dict[str, date]) -> list[Table]:
    """Return a book's accounts, rolled up."""
    return tables.roll_up(figures.roll_up(_moved(book, days)))


REPORTS: dict[str, tuple[str, Callable[[Book, dict[str, date]], list[Table]]]] = {
    "trial-balance": ("Trial balance", trial_balance),
    "balance-sheet": ("Balance sheet", balance_sheet),
    "income-statement": ("Income statement", income_statement),
    "roll-up": ("Accounts, rolled up", roll_up),
}


def book_page(site: AdminSite, request: HttpRequest, book: Book, name: str) -> HttpResponseBase:
    """Answer with one of a book's reports."""
    title, report = REPORTS[name]
    form, days = _days(request)
    links = [
        {"address": reverse("admin:ledger_book_report", args=[book.pk, other]), "title": text}
        for other, (text, _) in REPORTS.items()
    ]
    found = report(book, days)
    return _page(site, request, found, {"title": f"{title}: {book.name}", "form": form, "days": days, "links": links})


def account_page(site: AdminSite, request: HttpRequest, account: Account) -> HttpResponseBase:
    """Answer with an account's statement."""
    form, days = _days(request)
    today = datetime.now(UTC).date()
    since, through = days.get("since", today.replace(day=1)), days.get("through", today)
    found = tables.statement(statement(account=account, since=since, through=through))
    context = {"title": f"Statement: {account}", "form": form, "days": {"since": since, "through": through}}
    return _page(site, request, found, context)


def _page(site: AdminSite, request: HttpRequest, found: Sequence[Table], context: dict[str, Any]) -> HttpResponseBase:
    printed = "print" in request.GET
    template = "admin/ledger/report_print.html" if printed else "admin/ledger/report.html"
    query = request.GET.copy()
    query["print"] = "1"
    more = {
        "tables": [_shown(table) for table in found],
        "made_at": datetime.now(UTC),
        "print_address": f"?{query.urlencode()}",
    }
    return TemplateResponse(request, template, {**site.each_context(request), **context, **more})


def _shown(table: Table) -> dict[str, Any]:
    rows: list[Row] = []
    for row in table.rows:
        if len(rows) == MAX_LINES:
            return {"table": table, "rows": rows, "cut": True}
        rows.append(row)
    return {"table": table, "rows": rows, "cut": False}


def _days(request: HttpRequest) -> tuple[Days, dict[str, date]]:
    form = Days(request.GET)
    days = {name: day for name, day in form.cleaned_data.items() if day} if form.is_valid() else {}
    return form, days


def _moved(book: Book, days: dict[str, date]) -> list[Any]:
    return history.moved(
        book=book.code,
        since=days.get("since", history.FIRST_DAY),
        through=days.get("through", history.LAST_DAY),
    )
