"""Rows of the ledger. Written by the SQL functions in migrations/sql, never through the ORM; read from anywhere here.

Amounts are bigint minor units. Transactions and entries are append-only: by trigger for everybody, by grant for the
application's role.
"""

from ledger.models.accounts import Account, Balance, Book
from ledger.models.import_run import ImportRun
from ledger.models.invariant import WILDCARD, Invariant
from ledger.models.resolutions import Hold, Remainder, Resolution
from ledger.models.seals import DailySum, SealBlock, SealPosition
from ledger.models.transactions import ENTRIES_BITS, Entry, LateTransaction, Transaction

__all__ = [
    "ENTRIES_BITS",
    "WILDCARD",
    "Account",
    "Balance",
    "Book",
    "DailySum",
    "Entry",
    "Hold",
    "ImportRun",
    "Invariant",
    "LateTransaction",
    "Remainder",
    "Resolution",
    "SealBlock",
    "SealPosition",
    "Transaction",
]
