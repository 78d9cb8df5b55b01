"""Open books and accounts; close accounts; set limits and stripes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import DataError, IntegrityError, connection
from django_subatomic.db import transaction_required
from psycopg.types.json import Jsonb

from exactly_once.public_ids import new_public_id
from exactly_once.together import Write
from ledger.drafts import Direction
from ledger.errors import LedgerNotFound
from ledger.models import Book
from ledger.money import exponent
from ledger.refusals import refusal

type AccountType = Literal["asset", "liability", "equity", "revenue", "expense"]

MAX_STRIPES = 64  # more rows than postings at once gain nothing, and every read of the balance sums them


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account as it should be opened; ``code`` is a path such as ``assets:psp:stripe:receivable``.

    ``floor_minor`` and ``ceiling_minor`` bound what it may hold, on its normal side, pending amounts counted.
    ``stripes`` above 1 spread a hot account over as many balance rows; it has no limits then.
    """

    code: str
    currency: str
    type: AccountType
    normal_side: Direction
    floor_minor: int | None = None
    ceiling_minor: int | None = None
    stripes: int = 1
    metadata: Mapping[str, str] = field(default_factory=dict)


@transaction_required
def open_book(*, code: str, name: str, now: datetime) -> None:
    """Open a book, where there is none of this code."""
    Book.objects.get_or_create(code=code, defaults={"name": name, "created_at": now})


@transaction_required
def ensure_accounts(*, book: str, accounts: Sequence[AccountSpec]) -> None:
    """Open those of the accounts that are not open yet, in one statement.

    :raises InvalidMoney: ``unknown_currency``.
    :raises PostingRefused: ``stripes_without_limits``.
    :raises LimitExceeded: nothing can be in such an account: its limits exclude zero.
    """
    statement = opening(book=book, accounts=accounts)
    _call(statement.sql, statement.values)


def opening(*, book: str, accounts: Sequence[AccountSpec]) -> Write:
    """Return what :func:`ensure_accounts` does, for a statement that does more: without limits nothing is refused.

    :raises InvalidMoney: ``unknown_currency``.
    """
    for account in accounts:
        exponent(account.currency)
    return Write(
        "SELECT ledger_open_accounts(%s, %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
        " %s::bigint[], %s::bigint[], %s::smallint[], %s::jsonb[])::text",
        (
            book,
            [new_public_id("acc") for _ in accounts],
            [account.code for account in accounts],
            [account.currency for account in accounts],
            [account.type for account in accounts],
            [account.normal_side for account in accounts],
            [account.floor_minor for account in accounts],
            [account.ceiling_minor for account in accounts],
            [account.stripes for account in accounts],
            [Jsonb(dict(account.metadata)) for account in accounts],
        ),
    )


@transaction_required
def close_account(*, book: str, code: str, currency: str, now: datetime) -> None:
    """Close an account: it keeps its history and takes no more entries.

    :raises LedgerNotFound: ``account_not_found``.
    :raises PostingRefused: ``amounts_pending``: a hold has yet to end.
    """
    closed = _call("SELECT ledger_close_account(%s, %s, %s, %s)", [book, code, currency, now])
    _require(closed, book, code, currency)


@transaction_required
def set_limits(
    *, book: str, code: str, currency: str, floor_minor: int | None = None, ceiling_minor: int | None = None
) -> None:
    """Bound what an account may hold, on its normal side and pending amounts counted; None is no bound.

    :raises LedgerNotFound: ``account_not_found``.
    :raises LimitExceeded: the account is past the limit already.
    :raises PostingRefused: ``stripes_without_limits``.
    """
    found = _call("SELECT ledger_set_limits(%s, %s, %s, %s, %s)", [book, code, currency, floor_minor, ceiling_minor])
    _require(found, book, code, currency)


@transaction_required
def raise_stripes(*, book: str, code: str, currency: str, stripes: int) -> None:
    """Spread an account over more balance rows, up to 64, while it is in use.

    :raises LedgerNotFound: ``account_not_found``.
    :raises PostingRefused: ``stripes_only_raised`` or ``stripes_without_limits``.
    """
    if not 1 <= stripes <= MAX_STRIPES:
        raise ValueError(f"1 to {MAX_STRIPES} stripes, not {stripes}")
    found = _call("SELECT ledger_raise_stripes(%s, %s, %s, %s::smallint)", [book, code, currency, stripes])
    _require(found, book, code, currency)


def _call(statement: str, arguments: Sequence[Any]) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return bool(cursor.fetchone()[0])
    except (IntegrityError, DataError) as error:
        raise refusal(error) from error


def _require(found: bool, book: str, code: str, currency: str) -> None:  # noqa: FBT001 - the answer of the statement
    if not found:
        raise LedgerNotFound(code="account_not_found", detail=f"{book} has no account {code} in {currency}.")
