"""Lists of the admin over tables of millions of rows: no page of them reads a whole table.

A list counts, leafs through and looks for values in so many rows at most; how many there are in all, PostgreSQL's
statistics say.
"""

# Enough to leaf through, a hundred pages; and few enough to be read for each page that somebody opens.
ROWS_AT_MOST = 10_000
# Each is compared with parts of words, in several columns.
ROWS_SEARCHED = 5_000
