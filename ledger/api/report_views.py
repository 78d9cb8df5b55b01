"""Reports: as JSON, and as CSV with ?format=csv."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once.errors import FieldError, InvalidInput
from ledger import history, queries
from ledger.api.report_serializers import REPORT
from ledger.interchange.csv_format import guarded
from ledger.interchange.formats import decimal_text
from ledger.money import Money
from ledger.reports import figures, tables
from ledger.reports.statement import statement
from ledger.reports.tables import Cell, Table

MAX_DEPTH = 50  # a code has 200 characters

_FORMAT = OpenApiParameter("format", str, enum=["json", "csv"], description="json, or csv for a file.")
_THROUGH = OpenApiParameter("through", date, description="The last day (UTC), included; all days where left out.")
_SINCE = OpenApiParameter("since", date, description="The first day (UTC).")
_KNOWN = OpenApiParameter("recorded_through", date, description="What was recorded by the end of this day (UTC).")
_DEPTH = OpenApiParameter(
    "depth",
    {"type": "integer", "minimum": 1, "maximum": MAX_DEPTH},
    description="How many steps of the paths; all where left out.",
)
_DAYS = (
    OpenApiParameter("since", date, required=True, description="The first day (UTC)."),
    OpenApiParameter("through", date, required=True, description="The last day (UTC), included."),
)
_PREFIX = OpenApiParameter("prefix", str, description="Only accounts at this path and below it.")


class ReportView(APIView):
    """A report over a book."""

    required_scope = "ledger:read"
    # format is ours: it names a file, not one of the framework's renderers.
    format_kwarg = None

    def answer(self, request: Request, found: Sequence[Table]) -> HttpResponseBase:
        """Return the tables in the form that was asked for."""
        match request.query_params.get("format", "json"):
            case "csv":
                return csv_response(found)
            case "json":
                return Response({"tables": [_table(table) for table in found]})
            case _:
                raise refused("format", "unknown_format", "A report comes as json or csv.")


class TrialBalanceView(ReportView):
    """A book's trial balance."""

    @extend_schema(operation_id="ledger_trial_balance", parameters=[_THROUGH, _KNOWN, _FORMAT], responses=REPORT)
    def get(self, request: Request, book: str) -> HttpResponseBase:
        """Read what every account was debited and credited."""
        rows = history.moved(book=book, **days(request, "through", "recorded_through"))
        return self.answer(request, tables.trial_balance(figures.trial_balances(rows)))


class BalanceSheetView(ReportView):
    """A book's balance sheet."""

    @extend_schema(operation_id="ledger_balance_sheet", parameters=[_THROUGH, _KNOWN, _FORMAT], responses=REPORT)
    def get(self, request: Request, book: str) -> HttpResponseBase:
        """Read what the book owns and owes."""
        rows = history.moved(book=book, **days(request, "through", "recorded_through"))
        return self.answer(request, tables.balance_sheet(figures.balance_sheets(rows)))


class IncomeStatementView(ReportView):
    """A book's income statement."""

    @extend_schema(
        operation_id="ledger_income_statement",
        parameters=[_SINCE, _THROUGH, _KNOWN, _FORMAT],
        responses=REPORT,
    )
    def get(self, request: Request, book: str) -> HttpResponseBase:
        """Read what the book earned and spent."""
        rows = history.moved(book=book, **days(request, "since", "through", "recorded_through"))
        return self.answer(request, tables.income_statement(figures.income_statements(rows)))


class RollUpView(ReportView):
    """A book's accounts, rolled up along their paths."""

    @extend_schema(
        operation_id="ledger_roll_up",
        parameters=[_PREFIX, _DEPTH, _THROUGH, _KNOWN, _FORMAT],
        responses=REPORT,
    )
    def get(self, request: Request, book: str) -> HttpResponseBase:
        """Read every step of the account paths, with the sum of what is below it."""
        rows = history.moved(book=book, **days(request, "through", "recorded_through"))
        if prefix := request.query_params.get("prefix"):
            rows = [row for row in rows if f"{row.code}:".startswith(f"{prefix}:")]
        return self.answer(request, tables.roll_up(figures.roll_up(rows, depth=_depth(request))))


class StatementView(ReportView):
    """An account's statement."""

    @extend_schema(operation_id="ledger_account_statement", parameters=[*_DAYS, _FORMAT], responses=REPORT)
    def get(self, request: Request, account_id: str) -> HttpResponseBase:
        """Read an account's entries by effective date, with opening and closing balance; both days are required."""
        asked = days(request, "since", "through")
        for name in ("since", "through"):
            if name not in asked:
                raise refused(name, "required", f"Name the day: ?{name}=2026-01-31.")
        found = statement(account=queries.account(public_id=account_id), **asked)
        return self.answer(request, tables.statement(found))


class Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def csv_response(found: Sequence[Table]) -> StreamingHttpResponse:
    """Return the tables as a CSV file, a row at a time; money as decimal amounts with a column for the currency."""
    return StreamingHttpResponse(
        _csv_rows(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="report.csv"'},
    )


def days(request: Request, *names: str) -> dict[str, Any]:
    """Return the days that the query names.

    :raises InvalidInput: ``not_a_date``, naming the parameter.
    """
    found = {}
    for name in names:
        if (text := request.query_params.get(name)) is not None:
            try:
                found[name] = date.fromisoformat(text)
            except ValueError:
                raise refused(name, "not_a_date", "A day, such as 2026-01-31.") from None
    return found


def refused(parameter: str, code: str, detail: str) -> InvalidInput:
    """Return the refusal of one query parameter."""
    return InvalidInput(
        code="invalid_input",
        detail="The request breaks a rule; see errors.",
        fields=(FieldError(f"/{parameter}", code, detail),),
    )


def _depth(request: Request) -> int | None:
    text = request.query_params.get("depth")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= MAX_DEPTH):
        raise refused("depth", "not_a_depth", f"A number from 1 to {MAX_DEPTH}.")
    return int(text)


def _csv_rows(found: Sequence[Table]) -> Iterator[str]:
    writer = csv.writer(Echo())
    for table in found:
        yield writer.writerow([table.title])
        yield writer.writerow([*table.columns, "Currency"])
        for row in table.rows:
            currencies = {cell.currency for cell in row.cells if isinstance(cell, Money)}
            yield writer.writerow([*(_csv_cell(cell) for cell in row.cells), *currencies])


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, Money):
        return decimal_text(cell.amount_minor, cell.currency)
    return guarded(cell or "")


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [{"cells": [_cell(cell) for cell in row.cells], "total": row.total} for row in table.rows],
    }


def _cell(cell: Cell) -> object:
    if isinstance(cell, Money):
        return {"amount_minor": cell.amount_minor, "currency": cell.currency, "text": str(cell)}
    return cell
