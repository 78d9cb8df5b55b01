"""The one way into the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DataError, IntegrityError, connection
from django_subatomic.db import transaction_required
from psycopg.types.json import Jsonb

from exactly_once.public_ids import new_public_id
from ledger.drafts import TransactionDraft
from ledger.errors import (
    AccountClosed,
    LedgerNotFound,
    PostingRefused,
    ReferenceConflict,
    UnbalancedTransaction,
    UnknownAccount,
    WrongCurrency,
)

MAX_BATCH = 10_000  # transactions in one call: bounds how long its locks are held

_POST = """
SELECT r_id, r_public_id, r_replayed FROM ledger_post(
    %s, %s::text[], %s::text[], %s::bytea[], %s::text[], %s::timestamptz[], %s::text[], %s::jsonb[],
    %s::integer[], %s::text[], %s::text[], %s::text[], %s::bigint[]
)
"""

_REFUSALS: dict[str, tuple[type[PostingRefused | LedgerNotFound], str, str]] = {
    "ledger_book_known": (LedgerNotFound, "book_not_found", "There is no such book"),
    "ledger_reference_conflict": (ReferenceConflict, "reference_conflict", "Posted before with other contents"),
    "ledger_account_known": (UnknownAccount, "unknown_account", "The book has no such account"),
    "ledger_account_currency": (WrongCurrency, "wrong_currency", "The account is not kept in this currency"),
    "ledger_account_open": (AccountClosed, "account_closed", "The account is closed"),
    "ledger_entries_sum_to_zero": (UnbalancedTransaction, "unbalanced", "Debits and credits differ"),
}


@dataclass(frozen=True, slots=True)
class PostedTransaction:
    """What the books hold under a reference; ``replayed`` where it had been posted before."""

    id: int
    public_id: str
    reference: str
    replayed: bool


@transaction_required
def post(*, book: str, drafts: TransactionDraft | Sequence[TransactionDraft]) -> list[PostedTransaction]:
    """Post one draft or up to 10,000, all or none, in one round trip; results come in the order of the drafts.

    :raises ReferenceConflict, UnknownAccount, WrongCurrency, AccountClosed, UnbalancedTransaction, LedgerNotFound:
        nothing was posted; the caller's
        transaction (or savepoint) is to be rolled back.
    """
    batch = [drafts] if isinstance(drafts, TransactionDraft) else list(drafts)
    if len(batch) > MAX_BATCH:
        raise ValueError(f"at most {MAX_BATCH} transactions in one call, not {len(batch)}")
    if not batch:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(_POST, _arguments(book, batch))
            rows = cursor.fetchall()
    except IntegrityError as error:
        raise _refusal(error) from error
    except DataError as error:
        raise PostingRefused(code="amount_out_of_range", detail="An account's sum would leave bigint.") from error
    return [
        PostedTransaction(id=row[0], public_id=row[1], reference=draft.reference, replayed=row[2])
        for draft, row in zip(batch, rows, strict=True)
    ]


def _arguments(book: str, batch: Sequence[TransactionDraft]) -> list[Any]:
    entries = [(position, entry) for position, draft in enumerate(batch, start=1) for entry in draft.entries]
    return [
        book,
        [draft.reference for draft in batch],
        [new_public_id("txn") for _ in batch],
        [draft.fingerprint() for draft in batch],
        [draft.kind for draft in batch],
        [draft.effective_at for draft in batch],
        [draft.description for draft in batch],
        [Jsonb(dict(draft.metadata)) for draft in batch],
        [position for position, _ in entries],
        [entry.account for _, entry in entries],
        [entry.money.currency for _, entry in entries],
        [entry.direction for _, entry in entries],
        [entry.money.amount_minor for _, entry in entries],
    ]


def _refusal(error: IntegrityError) -> Exception:
    """Return the refusal that the violated constraint stands for; a constraint without one is a defect of ours."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    if name not in _REFUSALS:
        return error
    kind, code, sentence = _REFUSALS[name]
    detail = getattr(diagnosis, "message_detail", None)
    return kind(code=code, detail=f"{sentence}: {detail}." if detail else f"{sentence}.")
