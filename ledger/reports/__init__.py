"""Reports over a book: pure functions from account sums to figures; only statement.py reads the database."""
