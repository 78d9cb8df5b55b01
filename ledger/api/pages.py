"""Pages of lists that are not read in the order of one column."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import Cursor
from rest_framework.request import Request
from rest_framework.views import APIView

from exactly_once.api.pagination import KeysetPagination, NewestFirst
from ledger.api import filters
from ledger.entry_pages import place_of
from ledger.models import Entry

type ReadEntries = Callable[[int | None, int], list[Entry]]  # (the place to come before, how many)


class EntryPages(KeysetPagination):
    """Entries by their places in the account."""

    def read(self, request: Request, read: ReadEntries) -> Sequence[Entry]:
        """Return the page that the request asks for.

        :raises InvalidInput: ``limit_invalid``, ``cursor_invalid``.
        """
        size, cursor = self.get_page_size(request), self.decode_cursor(request)
        before = int(cursor.position) if cursor is not None and cursor.position is not None else None
        rows = read(before, size + 1)
        self.base_url = request.build_absolute_uri()
        self.rest = len(rows) > size
        self.rows = rows[:size]
        return self.rows

    def get_next_link(self) -> str | None:
        """Return the address of the following page, None after the last."""
        if not self.rest:
            return None
        return str(self.encode_cursor(Cursor(offset=0, reverse=False, position=place_of(self.rows[-1]))))


class TransactionPages(NewestFirst):
    """Transactions, the newest first; where few are expected, those are gathered first, and then sorted."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """Return the order: by the id itself PostgreSQL would walk the table from its end to the first match."""
        return ("-gathered",) if filters.few_expected(request.query_params) else ("-pk",)
