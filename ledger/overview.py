"""Sums over whole books that are cheap at any size: of balances, and of what one day moved."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from ledger import history
from ledger.models import Balance, Book
from ledger.money import Money
from ledger.queries import AccountBalance


@dataclass(frozen=True, slots=True)
class Footing:
    """What is debited and credited on all accounts of one book in one currency."""

    book: str
    debits: Money
    credits: Money

    @property
    def balanced(self) -> bool:
        """Return whether both are the same."""
        return self.debits == self.credits


def footings() -> list[Footing]:
    """Return those of every book and currency."""
    codes = dict(Book.objects.values_list("pk", "code"))
    rows = Balance.objects.values_list("book_id", "currency").annotate(Sum("debits_minor"), Sum("credits_minor"))
    return [
        Footing(codes[book], Money(int(debits), currency), Money(int(credits_), currency))
        for book, currency, debits, credits_ in rows.order_by("book_id", "currency")
    ]


def moved_on(*, day: date) -> list[AccountBalance]:
    """Return what a day has moved on the accounts of every book: those that moved."""
    moved = (row for code in _books() for row in history.moved(book=code, since=day, through=day))
    return [row for row in moved if row.debits_minor or row.credits_minor]


def _books() -> list[str]:
    return list(Book.objects.order_by("pk").values_list("code", flat=True))
