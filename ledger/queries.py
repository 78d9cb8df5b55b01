"""Reads of the ledger. Sums come from balance rows; `verify` proves those against the entries."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from ledger.errors import LedgerNotFound
from ledger.models import Account, Balance, Book, Entry, Transaction
from ledger.money import Money


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account's sums in minor units, and its balance: positive on its normal side."""

    book: str
    code: str
    currency: str
    type: str
    normal_side: str
    debits_minor: int
    credits_minor: int

    @property
    def balance(self) -> Money:
        """Return debits less credits, or credits less debits where credit is the normal side."""
        net = self.debits_minor - self.credits_minor
        return Money(net if self.normal_side == "debit" else -net, self.currency)


_COLUMNS = (
    "account__book__code",
    "account__code",
    "account__currency",
    "account__type",
    "account__normal_side",
    "debits_minor",
    "credits_minor",
)


def balance(*, book: str, account: str, currency: str) -> AccountBalance:
    """Return one account's balance.

    :raises LedgerNotFound: ``account_not_found``.
    """
    row = (
        Balance.objects.filter(account__book__code=book, account__code=account, account__currency=currency)
        .values_list(*_COLUMNS)
        .first()
    )
    if row is None:
        raise LedgerNotFound(code="account_not_found", detail=f"{book} has no account {account} in {currency}.")
    return AccountBalance(*row)


def trial_balance(*, book: str) -> list[AccountBalance]:
    """Return every account of the book by code. Per currency, debits and credits come to the same sum.

    :raises LedgerNotFound: ``book_not_found``.
    """
    if not Book.objects.filter(code=book).exists():
        raise LedgerNotFound(code="book_not_found", detail=f"There is no book {book!r}.")
    rows = Balance.objects.filter(account__book__code=book).order_by("account__code", "account__currency")
    return [AccountBalance(*row) for row in rows.values_list(*_COLUMNS)]


def is_balanced(rows: Iterable[AccountBalance]) -> bool:
    """Return whether debits equal credits in every currency."""
    differences: Counter[str] = Counter()
    for row in rows:
        differences[row.currency] += row.debits_minor - row.credits_minor
    return not any(differences.values())


def totals(*, code: str) -> Counter[str]:
    """Return an account's balances over all books, in minor units by currency."""
    rows = Balance.objects.filter(account__code=code).values_list("account__currency", "account__normal_side")
    sums: Counter[str] = Counter()
    for currency, side, debits, credits_ in rows.annotate(d=Sum("debits_minor"), c=Sum("credits_minor")).order_by():
        sums[currency] += int(debits - credits_ if side == "debit" else credits_ - debits)
    return sums


def references(*, kind: str) -> Iterator[str]:
    """Yield the references of all transactions of a kind."""
    return Transaction.objects.filter(kind=kind).values_list("reference", flat=True).iterator()


def accounts(*, book: str | None = None) -> QuerySet[Account]:
    """Return accounts with their books and balances."""
    found = Account.objects.select_related("book", "balance").order_by("pk")
    return found if book is None else found.filter(book__code=book)


def account(*, public_id: str) -> Account:
    """Return an account with its book and balance.

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
    found = (
        Transaction.objects.select_related("book").prefetch_related("entries__account").filter(public_id=public_id)
    ).first()
    if found is None:
        raise LedgerNotFound(code="transaction_not_found", detail=f"There is no transaction {public_id}.")
    return found


def entries(*, account_id: int) -> QuerySet[Entry]:
    """Return an account's entries, the latest first."""
    return Entry.objects.filter(account_id=account_id).select_related("transaction").order_by("-account_version")
