"""Reads of accounts and transactions. Sums come from balance rows; `verify` proves those against the entries.

Not here: what was true at another time (history.py), and reports over a whole book (reports/).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum

from ledger.errors import LedgerNotFound
from ledger.models import ENTRIES_BITS, Account, Balance, Book, Entry, Transaction
from ledger.money import MAX_MINOR, Money

_NET = F("balances__debits_minor") - F("balances__credits_minor")

# The sums over an account's stripes; limits stand on its only stripe.
SUMS = {
    "debits_minor": Sum("balances__debits_minor"),
    "credits_minor": Sum("balances__credits_minor"),
    "pending_debits_minor": Sum(F("balances__net_high_minor") - _NET),
    "pending_credits_minor": Sum(_NET - F("balances__net_low_minor")),
    "entry_count": Sum("balances__version"),
    "stripes": Max("balances__stripes"),
    "net_min_minor": Min("balances__net_min_minor"),
    "net_max_minor": Min("balances__net_max_minor"),
    "closed_at": Min("balances__closed_at"),
}


# One look into the index per transaction. The LIMIT says how many entries one can have at most: without it PostgreSQL
# takes a range of ids for a good part of the table, and reads all of it for a page of transactions.
_ENTRIES_OF = """
SELECT e.*
FROM unnest(%s::bigint[]) AS t (id)
CROSS JOIN LATERAL (
    SELECT i.* FROM ledger_entry AS i WHERE i.id >= t.id << %s AND i.id < (t.id + 1) << %s ORDER BY i.id LIMIT %s
) AS e
ORDER BY e.id
"""


# All of them in one pass: no range of ids, which would be looked up transaction by transaction.
_NET_BY_METADATA = """
SELECT
    b.code,
    t.metadata ->> %s,
    e.currency,
    sum(CASE e.direction WHEN 'C' THEN e.amount_minor ELSE -e.amount_minor END)
FROM ledger_transaction AS t
INNER JOIN ledger_book AS b ON b.id = t.book_id
INNER JOIN ledger_entry AS e ON e.id >> %s = t.id AND e.status = 'P'
INNER JOIN ledger_account AS a ON a.id = e.account_id AND a.code = %s
WHERE t.metadata ? %s
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account's sums in minor units. Whatever it calls a balance is positive on its normal side."""

    book: str
    code: str
    currency: str
    type: str
    normal_side: str
    debits_minor: int
    credits_minor: int
    pending_debits_minor: int = 0
    pending_credits_minor: int = 0
    net_min_minor: int | None = None
    net_max_minor: int | None = None

    @property
    def balance(self) -> Money:
        """Return what is posted: debits less credits, or credits less debits where credit is the normal side."""
        net = self.debits_minor - self.credits_minor
        return Money(net if self.normal_side == "debit" else -net, self.currency)

    @property
    def floor_minor(self) -> int | None:
        """Return the least that the account may hold, None where there is no bound."""
        return self.net_min_minor if self.normal_side == "debit" else _negated(self.net_max_minor)

    @property
    def ceiling_minor(self) -> int | None:
        """Return the most that the account may hold, None where there is no bound."""
        return self.net_max_minor if self.normal_side == "debit" else _negated(self.net_min_minor)

    @property
    def available(self) -> Money:
        """Return what may still leave: posted, less what holds promise away, less the floor."""
        outbound = self.pending_credits_minor if self.normal_side == "debit" else self.pending_debits_minor
        return Money(self.balance.amount_minor - outbound - (self.floor_minor or 0), self.currency)


def balance_of(account: Account) -> AccountBalance:
    """Return the sums of an account that `with_sums` read."""
    names = ("debits_minor", "credits_minor", "pending_debits_minor", "pending_credits_minor")
    limits = ("net_min_minor", "net_max_minor")
    return AccountBalance(
        account.book.code,
        account.code,
        account.currency,
        account.type,
        account.normal_side,
        *(int(getattr(account, name) or 0) for name in names),
        *(getattr(account, name) for name in limits),
    )


def with_sums(found: QuerySet[Account]) -> QuerySet[Account]:
    """Return the accounts with the sums over their stripes as attributes, and their books."""
    return found.select_related("book").annotate(**SUMS)


def balance(*, book: str, account: str, currency: str) -> AccountBalance:
    """Return one account's balance.

    :raises LedgerNotFound: ``account_not_found``.
    """
    found = with_sums(Account.objects.filter(book__code=book, code=account, currency=currency)).first()
    if found is None:
        raise LedgerNotFound(code="account_not_found", detail=f"{book} has no account {account} in {currency}.")
    return balance_of(found)


def book(*, code: str) -> Book:
    """Return a book.

    :raises LedgerNotFound: ``book_not_found``.
    """
    found = Book.objects.filter(code=code).first()
    if found is None:
        raise LedgerNotFound(code="book_not_found", detail=f"There is no book {code!r}.")
    return found


def totals(*, code: str) -> Counter[str]:
    """Return an account's balances over all books, in minor units by currency."""
    rows = Balance.objects.filter(code=code).values_list("currency", "normal_sign")
    sums: Counter[str] = Counter()
    for currency, sign, debits, credits_ in rows.annotate(d=Sum("debits_minor"), c=Sum("credits_minor")).order_by():
        sums[currency] += sign * int(debits - credits_)
    return sums


def net_by_metadata(*, code: str, key: str) -> dict[tuple[str, str, str], int]:
    """Return credits less debits on the accounts of this code by (book, what ``key`` of the metadata is, currency).

    Reads every transaction that has the key: for checks.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NET_BY_METADATA, [key, ENTRIES_BITS, code, key])
        return {(book, value, currency): int(net) for book, value, currency, net in cursor.fetchall()}


def references(*, kind: str, books: Collection[str]) -> Iterator[str]:
    """Yield the references of all transactions of a kind in some books."""
    found = Transaction.objects.filter(kind=kind, book__code__in=books)
    return found.values_list("reference", flat=True).iterator()


def accounts(*, book: str | None = None) -> QuerySet[Account]:
    """Return accounts with their books and sums."""
    found = with_sums(Account.objects.order_by("pk"))
    return found if book is None else found.filter(book__code=book)


def account(*, public_id: str) -> Account:
    """Return an account with its book and sums.

    :raises LedgerNotFound: ``account_not_found``.
    """
    found = accounts().filter(public_id=public_id).first()
    if found is None:
        raise LedgerNotFound(code="account_not_found", detail=f"There is no account {public_id}.")
    return found


def transaction(*, public_id: str) -> Transaction:
    """Return a transaction with its entries and their accounts.

    :raises LedgerNotFound: ``transaction_not_found``.
    """
    digits = public_id.removeprefix("txn_")
    known = digits.isdecimal() and digits.isascii() and int(digits) <= MAX_MINOR
    found = Transaction.objects.select_related("book", "late").filter(pk=int(digits)).first() if known else None
    if found is None:
        raise LedgerNotFound(code="transaction_not_found", detail=f"There is no transaction {public_id}.")
    return with_entries([found])[0]


def with_entries(found: Sequence[Transaction]) -> Sequence[Transaction]:
    """Return the transactions with their entries, read in one statement: up to some thousands."""
    by_id: dict[int, list[Entry]] = {row.pk: [] for row in found}
    entries = list(Entry.objects.raw(_ENTRIES_OF, [list(by_id), ENTRIES_BITS, ENTRIES_BITS, 1 << ENTRIES_BITS]))
    accounts = Account.objects.in_bulk({entry.account_id for entry in entries})
    for entry in entries:
        entry.account = accounts[entry.account_id]
        by_id[entry.transaction_id].append(entry)
    for row in found:
        row.entries = by_id[row.pk]
    return found


def stripes_of(account: Account) -> int:
    """Return over how many balance rows an account that `with_sums` read is spread."""
    return int(account.stripes)  # type: ignore[attr-defined]  # an annotation


def entries_of(*, reference: str) -> QuerySet[Entry]:
    """Return the entries of those transactions, of whatever books, that have this reference."""
    found = Transaction.objects.filter(book__in=Book.objects.all(), reference=reference).values_list("pk", flat=True)
    its = Q(pk__in=[])
    for key in found:
        its |= Q(pk__gte=key << ENTRIES_BITS, pk__lt=(key + 1) << ENTRIES_BITS)
    return Entry.objects.filter(its)


def with_transactions(found: QuerySet[Entry]) -> QuerySet[Entry]:
    """Return the entries with their transactions' ``reference``, ``kind`` and ``effective_at`` as attributes."""
    own = Transaction.objects.filter(pk=OuterRef("transaction_key"))
    return found.annotate(transaction_key=F("pk").bitrightshift(ENTRIES_BITS)).annotate(
        **{name: Subquery(own.values(name)[:1]) for name in ("reference", "kind", "effective_at")}
    )


def _negated(amount_minor: int | None) -> int | None:
    return None if amount_minor is None else -amount_minor
