"""Say what a break was, and take its money out of suspense: what it was is in the books as itself by then."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from ledger import journal
from ledger.money import Money
from payments import settlement_rules
from payments.errors import PaymentRefused
from payments.locks import lock_break
from payments.models import Attempt, Break
from payments.open_break import TALLY, is_done, note, unexplained
from payments.states import PENDING_ATTEMPT_STATES, BreakKind, BreakResolution, BreakState

log = structlog.get_logger(__name__)

_OF_ITS_SUM = (BreakKind.AMOUNT_MISMATCH, BreakKind.CURRENCY_MISMATCH)


@transaction_required
def resolve_break(*, break_id: str, reason: str, by: str, now: datetime, operation: UUID | None = None) -> None:
    """Resolve a break on a person's word.

    :param reason: what it was, in a sentence.
    :param operation: minted when the form was drawn: sent again, it changes nothing.
    :raises PaymentNotFound: ``break_not_found``.
    :raises PaymentRefused: ``reason_required``; ``break_resolved``; ``attempt_still_open``: it ends with its attempt,
        which nobody knows the outcome of, and about which two people decide.
    """
    held = lock_break(break_id=break_id)
    if is_done(operation=operation):
        return
    if not reason.strip():
        raise PaymentRefused(code="reason_required", detail="Say what it was: a break is resolved for a reason.")
    if held.state == BreakState.RESOLVED:
        raise PaymentRefused(code="break_resolved", detail=f"{break_id} was resolved by {held.resolved_by}.")
    if held.in_suspense and held.attempt is not None and held.attempt.state in PENDING_ATTEMPT_STATES:
        raise PaymentRefused(
            code="attempt_still_open",
            detail=f"{break_id} is about an attempt that is {held.attempt.state}: evidence ends both, or two people.",
        )
    note(about=held, what=str(BreakResolution.EXPLAINED), by=by, detail=reason, now=now, operation=operation)
    _resolve(held, BreakResolution.EXPLAINED, reason, by, now)


@transaction_required
def end_breaks_of(
    *, attempt: Attempt, resolution: BreakResolution, reason: str, now: datetime, by: str = TALLY
) -> None:
    """Resolve what is open about the sum of an attempt that the caller has locked."""
    held = Break.objects.select_for_update(no_key=True).filter(attempt=attempt, state=BreakState.OPEN)
    for each in held.filter(kind__in=_OF_ITS_SUM).order_by("pk"):
        note(about=each, what=str(resolution), by=by, detail=reason, now=now)
        _resolve(each, resolution, reason, by, now)


@transaction_required
def supersede_break(*, held: Break, reason: str, now: datetime) -> None:
    """Resolve an open break that the caller has locked, because what was found is not so any more."""
    note(about=held, what=str(BreakResolution.SUPERSEDED), by=TALLY, detail=reason, now=now)
    _resolve(held, BreakResolution.SUPERSEDED, reason, TALLY, now)


def has_money_in_suspense(*, attempt: Attempt) -> bool:
    """Whether the PSP is known to have moved money for this attempt that is not in the books as itself."""
    held = Break.objects.filter(attempt=attempt, state=BreakState.OPEN, in_suspense=True)
    return held.filter(kind__in=_OF_ITS_SUM).exists()


def _resolve(held: Break, resolution: BreakResolution, reason: str, by: str, now: datetime) -> None:
    held.state, held.resolution = BreakState.RESOLVED, resolution
    held.reason, held.resolved_by, held.resolved_at = reason[:500], by, now
    held.save(update_fields=["state", "resolution", "reason", "resolved_by", "resolved_at"])
    if held.in_suspense:
        money = Money(held.amount_minor, held.currency)
        draft = settlement_rules.explained(about=unexplained(held), money=money, received=held.received, now=now)
        journal.post(book=held.book, drafts=draft)
    log.info("break.resolved", of=held.public_id, resolution=str(resolution), by=by)
