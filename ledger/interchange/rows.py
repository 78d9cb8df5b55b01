"""What an export says of a book: frozen values, and the only place of this package that reads the ledger's tables.

Transactions are append-only, so a run needs no long database snapshot (one would keep vacuum from the balance rows for
as long as the export takes): it reads up to a last transaction that is settled, in short keyset pages. That bound is
written into the file, so that a run which is taken up later reads exactly the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min

from ledger import queries
from ledger.errors import LedgerNotFound
from ledger.horizon import settled_through
from ledger.models import Account, Book, Entry, Transaction

PAGE = 1_000  # transactions read at once: some megabytes at worst


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of the book; limits in minor units, None where there is none. Hot accounts have several stripes."""

    code: str
    currency: str
    type: str
    normal_side: str
    floor_minor: int | None
    ceiling_minor: int | None
    stripes: int
    metadata: Mapping[str, object]
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of a transaction; ``status`` tells what is posted from what is only held."""

    account: str
    account_type: str
    currency: str
    direction: str
    amount_minor: int
    status: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a transaction does to the one with the reference ``target``; ``final`` where nothing of that is left."""

    target: str
    action: str
    final: bool


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction with its entries in their order. ``id`` orders transactions; it is no name for anything else.

    ``dated_at`` is the date that a late transaction cites, ``expires_at`` the end of a hold that has one.
    """

    id: int
    reference: str
    kind: str
    effective_at: datetime
    recorded_at: datetime
    description: str
    metadata: Mapping[str, object]
    entries: tuple[EntryRow, ...]
    resolves: Resolved | None = None
    dated_at: datetime | None = None
    expires_at: datetime | None = None


def require_book(*, book: str) -> None:
    """Return if there is such a book.

    :raises LedgerNotFound: ``book_not_found``.
    """
    if not Book.objects.filter(code=book).exists():
        raise LedgerNotFound(code="book_not_found", detail=f"There is no book {book!r}.")


def accounts(*, book: str) -> list[AccountRow]:
    """Return the book's accounts by code and currency."""
    found = queries.with_sums(Account.objects.filter(book__code=book)).order_by("code", "currency")
    return [
        AccountRow(
            code=row.code,
            currency=row.currency,
            type=row.type,
            normal_side=row.normal_side,
            floor_minor=balance.floor_minor,
            ceiling_minor=balance.ceiling_minor,
            stripes=getattr(row, "stripes", 1),
            metadata=row.metadata,
            opened_at=row.created_at,
            closed_at=getattr(row, "closed_at", None),
        )
        for row in found
        for balance in [queries.balance_of(row)]
    ]


def last_settled(*, book: str) -> int:
    """Return the id of the book's last transaction that is settled, 0 where it has none.

    :raises HorizonBlocked: ``horizon_blocked``.
    """
    settled = settled_through()
    last: int = Transaction.objects.filter(book__code=book, id__lte=settled).aggregate(last=Max("id"))["last"] or 0
    return last


def first_effective_at(*, book: str, through: int) -> datetime | None:
    """Return the earliest effective time among the transactions up to this id."""
    found = Transaction.objects.filter(book__code=book, id__lte=through).aggregate(first=Min("effective_at"))
    first: datetime | None = found["first"]
    return first


def transactions(*, book: str, after: int, through: int) -> Iterator[list[TransactionRow]]:
    """Yield pages of transactions with ids in (after, through], in that order, each page read on its own."""
    book_id = Book.objects.values_list("id", flat=True).get(code=book)
    found = Transaction.objects.filter(book_id=book_id, id__lte=through).order_by("id")
    found = found.select_related("late", "hold", "resolution__target")
    while page := list(found.filter(id__gt=after)[:PAGE]):
        yield [_transaction(row) for row in queries.with_entries(page)]
        after = page[-1].id


def _transaction(row: Transaction) -> TransactionRow:
    resolution, late, hold = (getattr(row, name, None) for name in ("resolution", "late", "hold"))
    return TransactionRow(
        id=row.id,
        reference=row.reference,
        kind=row.kind,
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        description=row.description,
        metadata=row.metadata,
        entries=tuple(_entry(entry) for entry in row.entries),
        resolves=resolution and Resolved(resolution.target.reference, resolution.action, resolution.final),
        dated_at=late and late.dated_at,
        expires_at=hold and hold.expires_at,
    )


def _entry(row: Entry) -> EntryRow:
    return EntryRow(
        account=row.account.code,
        account_type=row.account.type,
        currency=row.currency,
        direction=row.get_direction_display(),
        amount_minor=row.amount_minor,
        status=row.get_status_display(),
    )
