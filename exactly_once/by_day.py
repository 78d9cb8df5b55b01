"""An index by which the rows of a day are found in a table that grows with each sale."""

from django.contrib.postgres.indexes import BrinIndex

# 256 kB of the table: a day of few sales is in a few of them.
PAGES = 32


def by_day(*, name: str, field: str) -> BrinIndex:
    """Return an index of the first and last time in each range of pages: some kB per million rows.

    Rows come in the order of time, so a new one writes nothing here, unless it begins a range. Changes of other columns
    stay out of it, too: they keep their page (HOT).
    """
    return BrinIndex(name=name, fields=[field], pages_per_range=PAGES, autosummarize=True)
