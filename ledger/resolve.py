"""Settle, void or expire a hold; reverse a transaction. Each is a transaction of its own that cites its target."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django_subatomic.db import transaction_required

from ledger import journal, queries
from ledger.drafts import Action, EntryDraft, Resolves, TransactionDraft
from ledger.errors import HoldRefused, LedgerNotFound, ReferenceConflict, RemainderExceeded
from ledger.journal import PostedTransaction
from ledger.models import Entry, Remainder, Transaction
from ledger.money import Money

type Line = tuple[str, str, str]  # account code, currency, direction


@transaction_required
def settle(
    *,
    book: str,
    hold: str,
    reference: str,
    effective_at: datetime,
    entries: Sequence[EntryDraft] | None = None,
    keep_rest: bool = False,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
) -> PostedTransaction:
    """Post what a hold promised: all that is left of it, or these ``entries``, up to what is left of each line.

    The rest is released, unless ``keep_rest``: then the hold stays open for more.

    :raises LedgerNotFound: ``transaction_not_found``.
    :raises HoldRefused: ``not_a_hold``, ``hold_ended`` or ``hold_expired``.
    :raises RemainderExceeded: ``remainder_exceeded``.
    :raises ReferenceConflict: the reference stands for something else.
    """
    resolves = Resolves(target=hold, action="settle", final=not keep_rest)
    left = _known_or_left(book, hold, reference, resolves, entries)
    if isinstance(left, PostedTransaction):
        return left
    posted = _drafts(left) if entries is None else list(entries)
    released = _drafts(_sums(posted)) if keep_rest else _drafts(left)
    lines = [*posted, *(EntryDraft(row.account, row.direction, row.money, "released") for row in released)]
    draft = TransactionDraft(
        reference, "hold.settled", tuple(lines), effective_at, description, metadata or {}, resolves
    )
    return journal.post(book=book, drafts=draft)[0]


@transaction_required
def void(*, book: str, hold: str, reference: str, effective_at: datetime) -> PostedTransaction:
    """End a hold without posting anything; what is left of it is released.

    :raises LedgerNotFound: ``transaction_not_found``.
    :raises HoldRefused: ``not_a_hold`` or ``hold_ended``.
    """
    return _release(book, hold, reference, effective_at, "void")


@transaction_required
def expire(*, book: str, hold: str, reference: str, effective_at: datetime) -> PostedTransaction:
    """End a hold that is past its time.

    :raises HoldRefused: ``hold_not_due``, ``hold_ended`` or ``not_a_hold``.
    """
    return _release(book, hold, reference, effective_at, "expire")


@transaction_required
def reverse(
    *,
    book: str,
    target: str,
    reference: str,
    effective_at: datetime,
    entries: Sequence[EntryDraft] | None = None,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
) -> PostedTransaction:
    """Take a posted transaction back: in full, or these ``entries`` of it (named as they were posted).

    :raises LedgerNotFound: ``transaction_not_found``.
    :raises RemainderExceeded: ``remainder_exceeded``, ``nothing_left`` or ``amounts_differ``.
    :raises ReferenceConflict: the reference stands for something else.
    """
    resolves = Resolves(target=target, action="reverse", final=entries is None)
    flipped = None if entries is None else [_flipped(row) for row in entries]
    if (known := _known(book, reference, resolves, flipped)) is not None:
        return known
    lines = [_flipped(row) for row in _drafts(_lines(_target(book, target), "P"))] if flipped is None else flipped
    if not lines and flipped is None:
        raise RemainderExceeded(code="nothing_left", detail=f"Nothing of the transaction was posted: {target}.")
    draft = TransactionDraft(
        reference, "transaction.reversed", tuple(lines), effective_at, description, metadata or {}, resolves
    )
    return journal.post(book=book, drafts=draft)[0]


def _release(book: str, hold: str, reference: str, effective_at: datetime, action: Action) -> PostedTransaction:
    resolves = Resolves(target=hold, action=action, final=True)
    left = _known_or_left(book, hold, reference, resolves, None)
    if isinstance(left, PostedTransaction):
        return left
    lines = [EntryDraft(row.account, row.direction, row.money, "released") for row in _drafts(left)]
    kind = "hold.voided" if action == "void" else "hold.expired"
    draft = TransactionDraft(reference, kind, tuple(lines), effective_at, link=resolves)
    return journal.post(book=book, drafts=draft)[0]


def _known_or_left(
    book: str, hold: str, reference: str, resolves: Resolves, asked: Sequence[EntryDraft] | None
) -> PostedTransaction | dict[Line, int]:
    """Return what the reference was posted as, or what is left of the hold."""
    if (known := _known(book, reference, resolves, asked)) is not None:
        return known
    try:
        return _left(book, hold)
    except HoldRefused:
        # A twin of this call may have ended the hold between the two looks.
        if (known := _known(book, reference, resolves, asked)) is not None:
            return known
        raise


def _known(
    book: str, reference: str, resolves: Resolves, asked: Sequence[EntryDraft] | None
) -> PostedTransaction | None:
    """Return what the reference was posted as, where it did the same: what it took was computed then, not now."""
    found = (
        Transaction.objects.filter(book__code=book, reference=reference).select_related("resolution__target").first()
    )
    if found is None:
        return None
    done = getattr(found, "resolution", None)
    same = done is not None and (done.target.reference, done.action, done.final) == (
        resolves.target,
        resolves.action,
        resolves.final,
    )
    if asked is None:
        same = same and (resolves.action != "settle" or _lines(found, "P") == _lines(found, "R"))
    if not same or (asked is not None and _sums(asked) != _lines(found, "P")):
        raise ReferenceConflict(code="reference_conflict", detail=f"Posted before with other contents: {reference}.")
    return PostedTransaction(id=found.pk, reference=reference, replayed=True)


def _target(book: str, reference: str) -> Transaction:
    found = Transaction.objects.filter(book__code=book, reference=reference).first()
    if found is None:
        raise LedgerNotFound(code="transaction_not_found", detail=f"{book} has no transaction {reference}.")
    return found


def _left(book: str, reference: str) -> dict[Line, int]:
    """Return what is left of a hold's lines. Stale where others are at it: the constraints decide.

    :raises HoldRefused: nothing of it was ever pending, or nothing is left.
    """
    target = _target(book, reference)
    lines = _lines(target, "H")
    if not lines:
        raise HoldRefused(code="not_a_hold", detail=f"The transaction is not a hold: {reference}.")
    for row in Remainder.objects.filter(transaction=target).select_related("account"):
        lines[row.account.code, row.account.currency, row.get_direction_display()] -= row.used_minor
    left = {line: amount for line, amount in lines.items() if amount}
    if not left:
        raise HoldRefused(code="hold_ended", detail=f"Nothing of the hold is left: {reference}.")
    return left


def _lines(found: Transaction, status: str) -> dict[Line, int]:
    entries: Iterable[Entry] = queries.with_entries([found])[0].entries
    sums: dict[Line, int] = {}
    for entry in entries:
        if entry.status == status:
            line = (entry.account.code, entry.currency, str(entry.get_direction_display()))
            sums[line] = sums.get(line, 0) + entry.amount_minor
    return sums


def _sums(drafts: Sequence[EntryDraft]) -> dict[Line, int]:
    sums: dict[Line, int] = {}
    for row in drafts:
        line = (row.account, row.money.currency, row.direction)
        sums[line] = sums.get(line, 0) + row.money.amount_minor
    return sums


def _drafts(lines: Mapping[Line, int]) -> list[EntryDraft]:
    return [
        EntryDraft(account, "debit" if side == "debit" else "credit", Money(amount, currency))
        for (account, currency, side), amount in lines.items()
    ]


def _flipped(row: EntryDraft) -> EntryDraft:
    return EntryDraft(row.account, "credit" if row.direction == "debit" else "debit", row.money)
