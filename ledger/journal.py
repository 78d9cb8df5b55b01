"""The one way into the books."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import DataError, IntegrityError
from django_subatomic.db import transaction_required
from psycopg.types.json import Jsonb

from exactly_once.prepared import bytes_array, fetch_prepared, integer_array, text_array
from ledger.drafts import EntryDraft, HoldTerms, Resolves, TransactionDraft
from ledger.errors import LedgerNotFound, PostingRefused
from ledger.refusals import refusal, refusal_of

MAX_BATCH = 10_000  # transactions in one call: bounds how long its locks are held

_POST = """
SELECT ledger_post(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::text[], %s::text[], %s::bigint[], %s::smallint[])
"""

_POST_BATCH = """
SELECT r_ids, r_replayed FROM ledger_post_batch(
    %s, %s::boolean[], %s::text[], %s::bytea[], %s::text[], %s::timestamptz[], %s::text[], %s::jsonb[],
    %s::integer[], %s::smallint[], %s::text[], %s::text[], %s::bigint[], %s::text[],
    %s::integer[], %s::text[], %s::text[], %s::boolean[], %s::timestamptz[]
)
"""

_POST_EACH = _POST_BATCH.replace("r_ids, r_replayed FROM ledger_post_batch", "* FROM ledger_post_each")

_AS_JSON = json.JSONEncoder().encode
_STATUS = {"posted": "P", "pending": "H", "released": "R"}


@dataclass(frozen=True, slots=True)
class PostedTransaction:
    """What the books hold under a reference; ``replayed`` where it had been posted before."""

    id: int
    reference: str
    replayed: bool

    @property
    def public_id(self) -> str:
        """Return the id that leaves the house."""
        return f"txn_{self.id}"


@transaction_required
def post(*, book: str, drafts: TransactionDraft | Sequence[TransactionDraft]) -> list[PostedTransaction]:
    """Post one draft or up to 10,000, all or none, in one round trip; results come in the order of the drafts.

    :raises PostingRefused: and its kinds, `LedgerNotFound`: nothing was posted; the caller's transaction (or
        savepoint) is to be rolled back.
    """
    batch = [drafts] if isinstance(drafts, TransactionDraft) else list(drafts)
    if len(batch) > MAX_BATCH:
        raise ValueError(f"at most {MAX_BATCH} transactions in one call, not {len(batch)}")
    if not batch:
        return []
    if len(batch) == 1 and batch[0].is_plain:
        return [post_alone(book=book, draft=batch[0])]
    ids, replayed = _call(_POST_BATCH, _batch_arguments(book, batch))
    return [
        PostedTransaction(id=id_, reference=draft.reference, replayed=again)
        for draft, id_, again in zip(batch, ids, replayed, strict=True)
    ]


def post_alone(*, book: str, draft: TransactionDraft) -> PostedTransaction:
    """Post one plain draft; outside a transaction the statement is one of its own, the quickest way there is.

    :raises PostingRefused: and its kinds, `LedgerNotFound`: nothing was posted.
    """
    (id_,) = _call(_POST, _arguments(book, draft))
    return PostedTransaction(id=abs(id_), reference=draft.reference, replayed=id_ < 0)


@dataclass(frozen=True, slots=True)
class RefusedTransaction:
    """Why the books did not take a transaction of a batch; ``refusal`` is what posting it alone would raise."""

    reference: str
    refusal: PostingRefused | LedgerNotFound


@transaction_required
def post_each(*, book: str, drafts: Sequence[TransactionDraft]) -> list[PostedTransaction | RefusedTransaction]:
    """Post each of up to 10,000 drafts that can be posted, as if they came one by one, in one round trip.

    Where some are refused, a posting of one of their references at the same moment may end in a deadlock: open the
    transaction under `retry_on_conflict`.

    :raises LedgerNotFound: ``book_not_found``.
    """
    if len(drafts) > MAX_BATCH:
        raise ValueError(f"at most {MAX_BATCH} transactions in one call, not {len(drafts)}")
    if not drafts:
        return []
    columns = _call(_POST_EACH, _batch_arguments(book, drafts))
    return [
        PostedTransaction(id=id_, reference=draft.reference, replayed=again)
        if constraint is None
        else RefusedTransaction(draft.reference, refusal_of(constraint, detail))
        for draft, id_, again, constraint, detail in zip(drafts, *columns, strict=True)
    ]


def _call(statement: str, arguments: list[Any]) -> tuple[Any, ...]:
    try:
        row: tuple[Any, ...] = fetch_prepared(statement, arguments)
    except (IntegrityError, DataError) as error:
        raise refusal(error) from error
    return row


def _arguments(book: str, draft: TransactionDraft) -> list[Any]:
    # The order of accounts is the order of locks.
    ordered = sorted(
        enumerate(draft.entries, start=1), key=lambda numbered: (numbered[1].account, numbered[1].money.currency)
    )
    return [
        book,
        draft.reference,
        draft.fingerprint(),
        draft.kind,
        draft.effective_at,
        draft.move_late,
        draft.description,
        Jsonb(dict(draft.metadata)),
        text_array([entry.account for _, entry in ordered]),
        text_array([entry.money.currency for _, entry in ordered]),
        integer_array([_signed(entry) for _, entry in ordered]),
        integer_array([ordinal for ordinal, _ in ordered]),
    ]


def _batch_arguments(book: str, batch: Sequence[TransactionDraft]) -> list[Any]:
    rows = [
        (position, ordinal, entry.account, entry.money.currency, _signed(entry), _STATUS[entry.status])
        for position, draft in enumerate(batch, start=1)
        for ordinal, entry in enumerate(draft.entries, start=1)
    ]
    positions, ordinals, accounts, currencies, amounts, statuses = zip(*rows, strict=True)
    return [
        book,
        text_array([str(draft.move_late) for draft in batch]),
        text_array([draft.reference for draft in batch]),
        bytes_array([draft.fingerprint() for draft in batch]),
        text_array([draft.kind for draft in batch]),
        text_array([draft.effective_at.astimezone(UTC).isoformat() for draft in batch]),
        text_array([draft.description for draft in batch]),
        text_array([_AS_JSON(dict(draft.metadata)) for draft in batch]),
        integer_array(positions),
        integer_array(ordinals),
        text_array(accounts),
        text_array(currencies),
        integer_array(amounts),
        text_array(statuses),
        *_links(batch),
    ]


def _links(batch: Sequence[TransactionDraft]) -> list[list[Any]]:
    """Return positions, actions, targets, finals and expiries of the drafts that are holds or act on others."""
    rows: list[tuple[Any, ...]] = []
    for position, draft in enumerate(batch, start=1):
        if isinstance(draft.link, HoldTerms):
            rows.append((position, "hold", None, False, draft.link.expires_at))
        elif isinstance(draft.link, Resolves):
            rows.append((position, draft.link.action, draft.link.target, draft.link.final, None))
    return [list(column) for column in zip(*rows, strict=True)] or [[], [], [], [], []]


def _signed(entry: EntryDraft) -> int:
    return entry.money.amount_minor if entry.direction == "debit" else -entry.money.amount_minor
