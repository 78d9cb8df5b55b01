"""What was posted under given references: the books' part of a payment's story."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.models import Transaction
from ledger.queries import with_entries
from ledger.t_accounts import Line, TAccount, t_accounts


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction, and its entries as T-accounts."""

    pk: int
    public_id: str
    kind: str
    reference: str
    description: str
    effective_at: datetime
    recorded_at: datetime
    lines: Sequence[Line]

    @property
    def accounts(self) -> list[TAccount]:
        """Return the accounts that it moved."""
        return t_accounts(self.lines)


def postings(*, books: Collection[str], references: Collection[str]) -> list[Posting]:
    """Return what was posted, the oldest first, in three queries."""
    found = Transaction.objects.filter(book__code__in=books, reference__in=references).order_by("pk")
    return [_posting(row) for row in with_entries(list(found))] if references else []


def _posting(row: Transaction) -> Posting:
    return Posting(
        pk=row.pk,
        public_id=row.public_id,
        kind=row.kind,
        reference=row.reference,
        description=row.description,
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        lines=[
            Line(entry.account.code, entry.get_direction_display(), entry.amount, entry.get_status_display())
            for entry in row.entries
        ],
    )
