"""What the present transaction has posted, in words: for those who take it back and show it."""

from collections.abc import Callable

from django.db.models import Max

from ledger import queries
from ledger.models import Transaction

MAX_SHOWN = 50  # transactions


def posted_since_now() -> Callable[[], list[str]]:
    """Note where the ledger ends; what is returned reads what the transaction has posted after that, a line each.

    The transaction is to be REPEATABLE READ, so that nobody else's postings are among them.
    """
    last = Transaction.objects.aggregate(last=Max("pk"))["last"] or 0

    def read() -> list[str]:
        rows = queries.with_entries(list(Transaction.objects.filter(pk__gt=last).order_by("pk")[:MAX_SHOWN]))
        return [_line(row) for row in rows]

    return read


def _line(row: Transaction) -> str:
    entries = ", ".join(f"{entry.account.code} {entry}" for entry in row.entries)
    return f"posts {row.kind} {row.reference}: {entries}"
