"""Open books and accounts; close accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import connection
from django_subatomic.db import transaction, transaction_required

from exactly_once.public_ids import new_public_id
from ledger.drafts import Direction
from ledger.errors import LedgerNotFound
from ledger.models import Book
from ledger.money import exponent

type AccountType = Literal["asset", "liability", "equity", "revenue", "expense"]


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account as it should be opened; ``code`` is a path such as ``assets:psp:stripe:receivable``."""

    code: str
    currency: str
    type: AccountType
    normal_side: Direction


@transaction_required
def open_book(*, code: str, name: str, now: datetime) -> None:
    """Open a book, where there is none of this code."""
    Book.objects.get_or_create(code=code, defaults={"name": name, "created_at": now})


@transaction_required
def ensure_accounts(*, book: str, accounts: Sequence[AccountSpec]) -> None:
    """Open those of the accounts that are not open yet, in one statement.

    :raises InvalidMoney: ``unknown_currency``.
    """
    for account in accounts:
        exponent(account.currency)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_open_accounts(%s, %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])",
            [
                book,
                [new_public_id("acc") for _ in accounts],
                [account.code for account in accounts],
                [account.currency for account in accounts],
                [account.type for account in accounts],
                [account.normal_side for account in accounts],
            ],
        )


@transaction
def close_account(*, book: str, code: str, currency: str, now: datetime) -> None:
    """Close an account: it keeps its history and takes no more entries.

    :raises LedgerNotFound: ``account_not_found``.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_close_account(%s, %s, %s, %s)", [book, code, currency, now])
        (closed,) = cursor.fetchone()
    if not closed:
        raise LedgerNotFound(code="account_not_found", detail=f"{book} has no account {code} in {currency}.")
