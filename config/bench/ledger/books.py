"""The books that the benchmark posts to: one book, many customers, a hot account with stripes and one without.

Run as a program in the environment of an empty database, as its owner, it makes the ledger's tables first.
"""

import sys
from datetime import UTC, datetime

import django
from django.core.management import call_command

BOOK = "bench"
# As many as one branch has in the TPC-B-like work.
ACCOUNTS = 100_000
# Numbers of equal length sort like the codes that they end.
FIRST_ACCOUNT = 100_000
# Sorts before the customers: its row is locked first and so the longest.
HOT = "cash"
# As many as there are clients at most, so that two backends seldom share a row.
HOT_STRIPES = 32
# Low enough never to refuse, but there: every posting compares with it.
FLOOR_MINOR = -(10**15)


def account_code(place: int) -> str:
    """Return the code of the customer at a place, from 0."""
    return f"customer-{FIRST_ACCOUNT + place}"


def open_books(*, accounts: int, hot_stripes: int, now: datetime) -> None:
    """Open the book and its accounts."""
    from django_subatomic.db import transaction  # noqa: PLC0415 - the models load after Django's set-up

    from ledger.accounts import AccountSpec, ensure_accounts, open_book  # noqa: PLC0415 - the same

    with transaction():
        open_book(code=BOOK, name="Benchmark", now=now)
        customers = [
            AccountSpec(account_code(place), "EUR", "liability", "credit", floor_minor=FLOOR_MINOR)
            for place in range(accounts)
        ]
        ensure_accounts(
            book=BOOK, accounts=[AccountSpec(HOT, "EUR", "asset", "debit", stripes=hot_stripes), *customers]
        )


if __name__ == "__main__":
    django.setup()
    # The ledger's tables and what they need; the rest of Tally's would stay empty.
    call_command("migrate", "ledger", verbosity=0)
    open_books(accounts=int(sys.argv[1]), hot_stripes=1, now=datetime.now(UTC))
