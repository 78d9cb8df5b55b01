"""Book what a line of a PSP's settlement says, once: what it proves, what it cost, what was exchanged."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.conf import settings
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.errors import TallyError
from exactly_once.retry import retry_on_conflict
from ledger.money import Money
from payments.account_for_charge import account_for_charge
from payments.account_for_dispute import account_for_dispute
from payments.account_for_payout import account_for_payout
from payments.account_for_refund import account_for_refund
from payments.accounted import Accounted, TooEarlyError, told_by
from payments.book_line import book_line, conversion_by
from payments.locks import lock_line
from payments.models import Break, SettlementLine
from payments.open_break import Finding, open_break
from payments.settle_lines_together import settle_lines_together
from payments.states import BreakKind, BreakResolution, LineKind, LineState
from payments.sweep import claim_line, due_lines

log = structlog.get_logger(__name__)

K = LineKind


@dataclass(frozen=True, slots=True)
class Settled:
    """How many lines came to an end, by state, and whether there may be more that are due."""

    by_state: Counter[LineState]
    more: bool


def settle_due_lines(*, limit: int, now: datetime) -> Settled:
    """Settle up to ``limit`` lines that are due, the earliest first: many in one commit where what they are is plain.

    What the books do not take, such as an entry of an account that is closed, stays due and says why.
    """
    together = settle_lines_together(limit=limit, now=now)
    ended = Counter(together.by_state)
    due = [(pk, 0) for pk in together.left]
    due += due_lines(limit=limit - ended.total() - len(due), besides=together.left)
    looked_at = ended.total() + len(due)
    for pk, checks in due:
        if claim_line(line_pk=pk, checks=checks) and (state := _tried(pk, now)) is not LineState.NEW:
            ended[state] += 1
    # Where none came to an end, those that are left wait for others that are still to be read.
    return Settled(ended, more=looked_at == limit and bool(ended))


def _tried(line_pk: int, now: datetime) -> LineState:
    try:
        return settle_line(line_pk=line_pk, now=now)
    except (TallyError, IntegrityError) as refusal:  # the latter: a webhook has just begun the same payout or dispute
        log.exception("settlement.refused", line=line_pk)
        with transaction():
            SettlementLine.objects.filter(pk=line_pk).update(detail=str(refusal)[:500])
        return LineState.NEW


_OUTCOME = (
    "state",
    "detail",
    "settled_at",
    "book",
    "capture",
    "refund",
    "break_refund",
    "dispute",
    "payout",
    "finding",
    "booked_fee_minor",
)


@retry_on_conflict
@transaction
def settle_line(*, line_pk: int, now: datetime) -> LineState:
    """Compare a line with what we know, settle what it proves, and book its fee and what was exchanged, in one commit.

    What the webhook, a look-up or another line has booked is not booked again. What does not fit has a break, and what
    nobody can explain of it is in suspense: by this line the books owe us less or more exactly as the PSP does. A line
    that was read before the one that it follows from stays as it is.
    """
    line = lock_line(line_pk=line_pk)
    begun = line.state == LineState.NEW
    if not begun and (line.finding is None or line.finding.resolution != BreakResolution.SUPERSEDED):
        return LineState(line.state)
    try:
        accounted = _account_for(line, now)
    except TooEarlyError as why:
        line.detail = str(why)[:500]
        line.save(update_fields=["detail"])
        return LineState.NEW
    line.book = settings.PAYMENTS_BOOK if accounted.attempt is None else accounted.attempt.intent.book
    conversion = conversion_by(line)
    if conversion is not None and conversion.strays_by is not None and accounted.state is LineState.MATCHED:
        detail = f"At {line.exchange_rate} it would be {conversion.strays_by} more or less."
        accounted = replace(accounted, state=LineState.AMOUNT_MISMATCH, detail=detail)
    _end(line, accounted, now)
    if begun:
        line.booked_fee_minor = book_line(line=line, conversion=conversion)
    line.save(update_fields=_OUTCOME)
    log.info("settlement.settled", line=line.line_id, psp=line.psp, kind=line.kind, state=str(line.state))
    return LineState(line.state)


_ACCOUNT_FOR = {
    K.CHARGE: account_for_charge,
    K.REFUND: account_for_refund,
    K.REFUND_FAILURE: account_for_refund,
    K.DISPUTE: account_for_dispute,
    K.DISPUTE_REVERSAL: account_for_dispute,
    K.PAYOUT: account_for_payout,
    K.PAYOUT_RETURN: account_for_payout,
}


def _account_for(line: SettlementLine, now: datetime) -> Accounted:
    kind = K(line.kind)
    if kind in _ACCOUNT_FOR:
        return _ACCOUNT_FOR[kind](line=line, now=now)
    if kind is K.CONVERSION:
        return Accounted(LineState.MATCHED, explained=told_by(line))
    if line.gross_minor:
        return Accounted(LineState.MISSING_INTERNAL, detail=f"The PSP says: {line.reason or kind}.")
    return Accounted(LineState.MATCHED if kind is K.FEE or line.fee_minor else LineState.VOID)


def _end(line: SettlementLine, accounted: Accounted, now: datetime) -> None:
    """Write how the line stands, with a break for what does not fit."""
    line.state, line.detail, line.settled_at = accounted.state, accounted.detail[:500], now
    line.capture, line.refund = accounted.capture, accounted.refund
    line.break_refund, line.dispute, line.payout = accounted.break_refund, accounted.dispute, accounted.payout
    line.finding = accounted.finding
    if accounted.finding is None and accounted.state not in (LineState.MATCHED, LineState.VOID):
        line.finding = _open(line, accounted, now)


def _open(line: SettlementLine, accounted: Accounted, now: datetime) -> Break:
    told = told_by(line)
    left = told if accounted.explained is None else told - accounted.explained
    finding = Finding(
        kind=BreakKind(accounted.state),
        book=line.book,
        psp=line.psp,
        psp_account=line.psp_account,
        subject=f"line:{line.line_id}",
        money=Money(abs(left.amount_minor), left.currency),
        received=left.amount_minor > 0,
        in_suspense=left.amount_minor != 0,
        detail=accounted.detail,
        psp_reference=line.psp_reference,
        # What is in question about an attempt's sum ends with the attempt; about a refund or a dispute it does not.
        attempt_pk=accounted.attempt.pk if accounted.attempt is not None and line.kind == K.CHARGE else None,
    )
    return Break.objects.get(public_id=open_break(finding=finding, now=now))
