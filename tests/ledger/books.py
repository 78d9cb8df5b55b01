"""A small set of books that the ledger's tests post to."""

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
from django.db import connection
from django_subatomic.db import transaction

from ledger import journal
from ledger.accounts import AccountSpec, close_account, ensure_accounts, open_book
from ledger.drafts import EntryDraft, TransactionDraft, credit, debit
from ledger.journal import PostedTransaction
from ledger.models import Balance, Entry, Transaction
from ledger.money import Money

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BOOK = "test"
CASH, SALES, FEES = "assets:cash", "revenue:sales", "expenses:fees"


def eur(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


def open_test_book() -> None:
    """Open the book with three accounts in EUR and USD."""
    with transaction():
        open_book(code=BOOK, name="Test", now=NOW)
        ensure_accounts(
            book=BOOK,
            accounts=[
                spec
                for currency in ("EUR", "USD")
                for spec in (
                    AccountSpec(CASH, currency, "asset", "debit"),
                    AccountSpec(SALES, currency, "revenue", "credit"),
                    AccountSpec(FEES, currency, "expense", "debit"),
                )
            ],
        )


def sale(reference: str, amount_minor: int = 100, **more: object) -> TransactionDraft:
    """Return a sale for cash."""
    return draft(reference, debit(CASH, eur(amount_minor)), credit(SALES, eur(amount_minor)), **more)


def draft(reference: str, *entries: EntryDraft, **more: object) -> TransactionDraft:
    return TransactionDraft(
        reference=reference,
        kind="test",
        entries=entries,
        effective_at=NOW,
        description=str(more.get("description", "")),
        metadata={},
    )


def post(*drafts: TransactionDraft) -> list[PostedTransaction]:
    """Post in a transaction of its own."""
    with transaction():
        return journal.post(book=BOOK, drafts=drafts)


def close_alone(*, book: str, code: str, currency: str, now: datetime) -> None:
    """Close an account in a transaction of its own."""
    with transaction():
        close_account(book=book, code=code, currency=currency, now=now)


def holdings() -> dict[str, tuple[int, int, int]]:
    """Return (debits, credits, version) of each account in EUR that has entries."""
    rows = Balance.objects.filter(account__currency="EUR", version__gt=0)
    return {row.account.code: (row.debits_minor, row.credits_minor, row.version) for row in rows}


def written() -> tuple[int, int]:
    """Return how many transactions and entries there are."""
    return Transaction.objects.count(), Entry.objects.count()


def as_owner() -> psycopg.Connection:
    """Return another connection of the tables' owner, in a transaction."""
    settings = connection.get_connection_params()
    return psycopg.connect(
        dbname=settings["dbname"], user=settings["user"], host=settings.get("host"), port=settings.get("port")
    )


def as_application(statements: Sequence[str]) -> None:
    """Run statements as a login role would that is a member of tally_app, and nothing else."""
    with as_owner() as other:
        other.execute("SET ROLE tally_app")
        for statement in statements:
            other.execute(statement.encode())
