"""Say what a break was, and take its money out of suspense: to where it belongs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from ledger import journal
from ledger.drafts import TransactionDraft
from ledger.money import Money, exponent
from payments import settlement_rules
from payments.chart import WRITE_OFFS, ensure_write_off_chart, is_kept_by_payments
from payments.errors import PaymentRefused
from payments.locks import lock_break
from payments.models import Attempt, Break, Resolution
from payments.open_break import TALLY, is_done, note, unexplained
from payments.promise_break_refund import check_refundable, promise_break_refund
from payments.resolvable import check_resolvable
from payments.states import BreakKind, BreakResolution, BreakState, DecisionState

log = structlog.get_logger(__name__)

# Breaks that are about how much a PSP took.
OF_ITS_SUM = (BreakKind.AMOUNT_MISMATCH, BreakKind.CURRENCY_MISMATCH)


@dataclass(frozen=True, slots=True)
class How:
    """How a break ends.

    :param account: of a correction, the ledger account that the money belongs to.
    :param other: of a link, the break that makes up for it.
    """

    resolution: BreakResolution = BreakResolution.EXPLAINED
    account: str = ""
    other: str = ""


EXPLAINED = How()


@transaction_required
def resolve_break(
    *,
    break_id: str,
    reason: str,
    by: str,
    now: datetime,
    operation: UUID | None = None,
    how: How = EXPLAINED,
    approved_by: str = "",
) -> None:
    """Resolve a break on a person's word, or on that of two; have it resolved by its refund, once the PSP has paid.

    :param reason: what it was, in a sentence.
    :param operation: minted when the form was drawn: sent again, it changes nothing, also where it was proposed first.
    :param approved_by: who agrees, where its sum is for two.
    :raises PaymentNotFound: ``break_not_found``.
    :raises PaymentRefused: ``reason_required``; ``break_resolved``; ``attempt_still_open``: it ends with its attempt,
        which nobody knows the outcome of, and about which two people decide; ``second_person_required``;
        ``resolution_moves_nothing``, ``resolution_account_kept``, ``resolution_link_uneven``; ``refund_under_way``:
        the PSP was asked for its money; ``resolution_open``: it ends as is proposed, once another one agrees, or that
        is put away; and what :func:`payments.promise_break_refund.check_refundable` says.
    """
    held, other = _locked(break_id, how)
    if is_done(operation=operation):
        return
    check_resolution(held=held, other=other, how=how, reason=reason)
    signed = by if not approved_by else f"{by} and {approved_by}"
    if approved_by == by or (not approved_by and _are_for_two(held, other)):
        raise PaymentRefused(
            code="second_person_required",
            detail=f"{held.public_id}, {_money(held)}, is for two people: one proposes, another one agrees.",
        )
    if how.resolution is BreakResolution.REFUNDED:
        promise_break_refund(held=held, reason=reason, by=signed[:150], operation=operation, now=now)
        return
    for each, drawn in ((held, operation), (other, None)):
        if each is not None:
            note(about=each, what=str(how.resolution), by=signed[:150], detail=reason, now=now, operation=drawn)
            _resolve(each, how, reason, signed[:150], now)


def is_for_two(*, held: Break) -> bool:
    """Whether a break holds more money than one person may say what it was, or people have not agreed about it."""
    beyond = held.in_suspense and _is_beyond_one(held.amount_minor, held.currency)
    return beyond or bool(_disagreed([held]))


def for_two_together(*, breaks: Iterable[Break]) -> set[int]:
    """Return the keys of those that are for two people where one says of all of them at once what they were.

    That is all that hold money of a currency in which they come to more than one person may say: else somebody alone
    could write off any sum, in parts that are small enough. And it is those that people have not agreed about.
    """
    chosen = list(breaks)
    holding = [held for held in chosen if held.in_suspense]
    sums: Counter[str] = Counter()
    for held in holding:
        sums[held.currency] += held.amount_minor
    return {held.pk for held in holding if _is_beyond_one(sums[held.currency], held.currency)} | _disagreed(chosen)


def _disagreed(breaks: list[Break]) -> set[int]:
    """Return the keys of those of which somebody has rejected what another one proposed: no third says it alone."""
    rejected = Resolution.objects.filter(about__in=breaks, state=DecisionState.REJECTED)
    return set(rejected.values_list("about_id", flat=True))


def _are_for_two(held: Break, other: Break | None) -> bool:
    return is_for_two(held=held) or (other is not None and is_for_two(held=other))


def check_resolution(*, held: Break, other: Break | None, how: How, reason: str) -> None:
    """Refuse what cannot be, of locked breaks.

    :raises PaymentRefused: as :func:`resolve_break` says.
    """
    if not reason.strip():
        raise PaymentRefused(code="reason_required", detail="Say what it was: a break is resolved for a reason.")
    for each in (held, other):
        if each is not None:
            check_resolvable(held=each)
    if how.resolution is not BreakResolution.EXPLAINED and not held.in_suspense:
        raise PaymentRefused(
            code="resolution_moves_nothing", detail=f"{held.public_id} holds no money: there is nothing to post."
        )
    if how.resolution is BreakResolution.REFUNDED:
        check_refundable(held=held)
    if how.resolution is BreakResolution.CORRECTED and is_kept_by_payments(code=how.account):
        raise PaymentRefused(
            code="resolution_account_kept",
            detail=f"{how.account or 'Nothing'} is no account to correct: payments keep it.",
        )
    if how.resolution is BreakResolution.LINKED and not _makes_up_for(held, other):
        raise PaymentRefused(
            code="resolution_link_uneven", detail=f"{how.other} is not as much the other way as {held.public_id}."
        )


def _makes_up_for(held: Break, other: Break | None) -> bool:
    if other is None or other.pk == held.pk or not other.in_suspense or other.received is held.received:
        return False
    fields = ("book", "psp", "currency", "amount_minor")
    return all(getattr(held, field) == getattr(other, field) for field in fields)


def _locked(break_id: str, how: How) -> tuple[Break, Break | None]:
    """Lock a break, and the one that it is linked with, in the order of their keys."""
    if how.resolution is not BreakResolution.LINKED:
        return lock_break(break_id=break_id), None
    known = Break.objects.filter(public_id__in=[break_id, how.other]).order_by("pk")
    locked = {public_id: lock_break(break_id=public_id) for public_id in known.values_list("public_id", flat=True)}
    if break_id not in locked:
        return lock_break(break_id=break_id), None
    return locked[break_id], locked.get(how.other)


@transaction_required
def end_breaks_of(
    *, attempt: Attempt, resolution: BreakResolution, reason: str, now: datetime, by: str = TALLY
) -> None:
    """Resolve what is open about the sum of an attempt that the caller has locked."""
    held = Break.objects.select_for_update(no_key=True).filter(attempt=attempt, state=BreakState.OPEN)
    for each in held.filter(kind__in=OF_ITS_SUM).order_by("pk"):
        note(about=each, what=str(resolution), by=by, detail=reason, now=now)
        _resolve(each, How(resolution), reason, by, now)


@transaction_required
def supersede_break(*, held: Break, reason: str, now: datetime) -> None:
    """Resolve an open break that the caller has locked, because what was found is not so any more."""
    note(about=held, what=str(BreakResolution.SUPERSEDED), by=TALLY, detail=reason, now=now)
    _resolve(held, How(BreakResolution.SUPERSEDED), reason, TALLY, now)


@transaction_required
def end_by_refund(*, held: Break, reason: str, by: str, now: datetime) -> None:
    """Resolve an open break that the caller has locked: the PSP has paid its money back."""
    note(about=held, what=str(BreakResolution.REFUNDED), by=by, detail=reason, now=now)
    _resolve(held, How(BreakResolution.REFUNDED), reason, by, now)


def has_money_in_suspense(*, attempt: Attempt) -> bool:
    """Whether the PSP is known to have moved money for this attempt that is not in the books as itself."""
    held = Break.objects.filter(attempt=attempt, state=BreakState.OPEN, in_suspense=True)
    return held.filter(kind__in=OF_ITS_SUM).exists()


def _resolve(held: Break, how: How, reason: str, by: str, now: datetime) -> None:
    held.state, held.resolution = BreakState.RESOLVED, how.resolution
    held.reason, held.resolved_by, held.resolved_at = reason[:500], by, now
    held.save(update_fields=["state", "resolution", "reason", "resolved_by", "resolved_at"])
    proposed = Resolution.objects.filter(about=held, state=DecisionState.PROPOSED)
    proposed.update(state=DecisionState.OVERTAKEN, closed_at=now)
    if held.in_suspense:
        journal.post(book=held.book, drafts=_draft(held, how, now))
    log.info("break.resolved", of=held.public_id, resolution=str(how.resolution), by=by)


def _draft(held: Break, how: How, now: datetime) -> TransactionDraft:
    money, about = Money(held.amount_minor, held.currency), unexplained(held)
    if how.resolution is BreakResolution.REFUNDED:
        return settlement_rules.paid_back(about=about, money=money, now=now)
    if how.resolution not in (BreakResolution.WRITTEN_OFF, BreakResolution.CORRECTED):
        return settlement_rules.explained(about=about, money=money, received=held.received, now=now)
    if how.resolution is BreakResolution.WRITTEN_OFF:
        ensure_write_off_chart(book=held.book, currency=held.currency)
    account = WRITE_OFFS if how.resolution is BreakResolution.WRITTEN_OFF else how.account
    rule = settlement_rules.settled_apart
    return rule(about=about, money=money, received=held.received, account=account, now=now)


def _money(held: Break) -> Money:
    return Money(held.amount_minor, held.currency)


def _is_beyond_one(amount_minor: int, currency: str) -> bool:
    return amount_minor > int(settings.BREAK_ONE_PERSON_UP_TO) * int(10 ** exponent(currency))
