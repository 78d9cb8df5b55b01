"""Lists of the admin over tables of millions of rows, which open without reading a whole table.

A list counts, leafs through and looks for values in so many rows at most; how many there are in all, PostgreSQL's
statistics say. What still reads a table once, docs/admin.md says: a filter by what no row has, and another order than
the list's own.
"""

# Enough to leaf through, a hundred pages; and few enough to be read for each page that somebody opens.
ROWS_AT_MOST = 10_000
# Each is compared with parts of words, in several columns.
ROWS_SEARCHED = 5_000
