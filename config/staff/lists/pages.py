"""The pages of a list: of its first rows only, so that neither counting nor leafing reads a whole table."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

from config.staff import lists
from config.staff.lists.sizes import rows_about


class FirstRows(Paginator):  # type: ignore[type-arg]  # generic to the type checker only
    """Pages of the first rows. What is further down is found by a filter, a date, a search, or the other order."""

    object_list: Any
    template_name = "admin/staff/pages.html"

    @cached_property
    def count(self) -> int:
        """Return how many rows can be leafed through."""
        return min(self._counted, lists.ROWS_AT_MOST)

    @property
    def has_more(self) -> bool:
        """Whether there are others behind them."""
        return self._counted > lists.ROWS_AT_MOST

    @cached_property
    def about(self) -> int | None:
        """Return how many rows there are in all, about; None where filters or a search say which."""
        query = self.object_list.query
        if query.where or query.distinct:
            return None
        estimate = rows_about(self.object_list.model)
        return _rounded(estimate) if estimate > lists.ROWS_AT_MOST else None

    @property
    def about_words(self) -> str:
        """Return that as it is written."""
        return f"{self.about:,}"

    @property
    def count_words(self) -> str:
        """Return how many can be leafed through, as it is written."""
        return f"{self.count:,}"

    @cached_property
    def first_page(self) -> list[Any]:
        """Return the rows of the first page, and one more where there are more."""
        return list(self.object_list[: self.per_page + 1])

    @cached_property
    def _counted(self) -> int:
        if len(self.first_page) <= self.per_page:
            return len(self.first_page)
        rows = self.object_list.order_by()
        if sum(map(bool, rows.query.alias_refcount.values())) > 1:
            # By a column of another table: in order, so that rows are walked through until there are enough. In any
            # order, all of the other table's may be read first.
            rows = rows.order_by("-pk")
        return int(rows.values("pk")[: lists.ROWS_AT_MOST + 1].count())


def _rounded(number: int) -> int:
    """Return the number by its first two digits: the statistics know no more."""
    step: int = 10 ** (len(str(number)) - 2)
    return round(number / step) * step
