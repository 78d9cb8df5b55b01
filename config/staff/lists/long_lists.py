"""What each list of the admin does differently, so that it opens as quickly over a million rows."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import lookup_spawns_duplicates
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from config.staff.lists.pages import FirstRows
from config.staff.lists.sizes import is_long
from config.staff.lists.values import with_known_values
from config.staff.lists.words import HELP, among, found_whole, keys, newest


class LongChangeList(ChangeList):  # type: ignore[misc]  # django-unfold's classes have no types
    """A list that says how it is searched, and reads its first page once, not again after it was counted."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.search_fields and is_long(self.model):
            self.search_help_text = HELP

    def get_results(self, request: HttpRequest) -> None:
        """Show the rows by which the list knows whether it has a second page."""
        super().get_results(request)
        if not self.multi_page or (self.page_num == 1 and not self.show_all):
            self.result_list = self.paginator.first_page[: self.list_per_page]
        narrowed = self.query or self.get_filters_params()
        if self.paginator.has_more or not narrowed:
            # Else the page's head would have a count of its own, and a way to all rows, which these are.
            self.full_result_count = self.result_count


class LongLists(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Mixed into every ModelAdmin that is registered (config/staff/site.py)."""

    paginator = FirstRows
    show_full_result_count = False
    # To count beside each value of a filter reads the whole table, for each of them.
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return ours."""
        return LongChangeList

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Offer values that are known without a look at every row."""
        return with_known_values(self.model, super().get_list_filter(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Look in all rows for the whole; where none of the list has it, in the newest for parts."""
        words = search_term.strip().strip("\"'")
        if not words or not is_long(self.model):
            return super().get_search_results(request, queryset, search_term)
        fields = self.get_search_fields(request)
        few, conditions = found_whole(queryset.model, fields, words)
        duplicates = bool(conditions) and any(lookup_spawns_duplicates(self.opts, str(field)) for field in fields)
        # What no field says by itself, a ModelAdmin may know how to find.
        if also := getattr(self, "found_also", None):
            few.update(keys(also(words)))
        if few:  # Else an index that knows the condition could not be used.
            conditions.append(among(queryset.model, few))
        if conditions and (whole := queryset.filter(reduce(or_, conditions))).exists():
            return whole, duplicates
        parts, _ = super().get_search_results(request, newest(queryset), search_term)
        return queryset.filter(among(queryset.model, keys(parts))), False
