"""The books in the admin: to look at. Nothing here, or anywhere, edits or deletes them."""

from ledger.admin import books, checks, postings

__all__ = ["books", "checks", "postings"]
