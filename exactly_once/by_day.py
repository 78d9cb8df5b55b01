"""An index by which the rows of a day are found in a table that grows with each sale."""

from django.contrib.postgres.indexes import BrinIndex

# 256 kB of the table: a day of few sales is in a few of them.
PAGES = 32


def by_day(*, name: str, field: str) -> BrinIndex:
    """Return an index of the first and last time in each range of pages: some kB per million rows.

    Rows come in the order of time, so a new one writes nothing here, unless it begins a range. A change of a row keeps
    its page only where there is room and no other index has the column (HOT). Else the row goes to wherever VACUUM made
    room, and the ranges of that place reach from one day to the other: the more rows of a table move, the more of it a
    day reads (docs/benchmarks.md says how much). Where days are asked for often, it is a B-tree that is needed.
    """
    return BrinIndex(name=name, fields=[field], pages_per_range=PAGES, autosummarize=True)
