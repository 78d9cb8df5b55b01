"""Say what a bank line is, where it does not say so itself: a person matches it to a payout, or sets it aside."""

from datetime import datetime

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from ledger import journal
from ledger.money import Money, exponent
from payments import settlement_rules
from payments.chart import ensure_bank_chart
from payments.errors import PaymentNotFound, PaymentRefused
from payments.locks import lock_bank_line, lock_payout
from payments.match_bank_lines import arrive
from payments.models import BankLine, Payout
from payments.resolve_break import resolve_break
from payments.states import BreakState, LineState, PayoutState

log = structlog.get_logger(__name__)

_CLOSED = (LineState.MATCHED, LineState.VOID)
_ON_ITS_WAY = (PayoutState.PENDING, PayoutState.IN_TRANSIT, PayoutState.PAID)


@transaction_required
def match_bank_line(*, line_pk: int, payout_id: str, reason: str, by: str, now: datetime) -> None:
    """Match a line to a payout on a person's word: the payout has arrived.

    What the bank kept of it, or added, goes to ``expenses:bank_fees``. Matched again to the same, it changes nothing.

    :raises PaymentNotFound: ``payout_not_found``.
    :raises PaymentRefused: ``reason_required``; ``bank_line_closed``; ``payout_has_arrived``;
        ``bank_line_of_another_payout``: another account, currency or direction; ``difference_too_large``.
    """
    line = lock_bank_line(line_pk=line_pk)
    found = Payout.objects.filter(public_id=payout_id).values_list("pk", flat=True).first()
    if found is None:
        raise PaymentNotFound(code="payout_not_found", detail=f"There is no payout {payout_id}.")
    payout = lock_payout(payout_pk=found)
    if line.state == LineState.MATCHED and line.payout_id == payout.pk:
        return
    _check_open(line, reason)
    _check(line, payout)
    beyond = Money(line.amount_minor - payout.amount_minor, line.currency)
    line.detail = reason[:500]
    arrive(line=line, payout=payout, by=by, now=now)
    if beyond.amount_minor:
        ensure_bank_chart(book=payout.book, bank_name=payout.bank, currency=payout.currency)
        name = f"{payout.psp}:{payout.psp_account}:{payout.psp_reference}"
        draft = settlement_rules.bank_difference(payout=name, bank_name=payout.bank, beyond=beyond, now=now)
        journal.post(book=payout.book, drafts=draft)
    _explain(line, f"{payout}: {reason}", by, now)


@transaction_required
def set_aside_bank_line(*, line_pk: int, reason: str, by: str, now: datetime) -> None:
    """Say that a line is about no payout; nothing is posted. Set aside again, it changes nothing.

    :raises PaymentRefused: ``reason_required``; ``bank_line_closed``.
    """
    line = lock_bank_line(line_pk=line_pk)
    if line.state == LineState.VOID:
        return
    _check_open(line, reason)
    line.state, line.detail, line.settled_by, line.settled_at = LineState.VOID, reason[:500], by, now
    line.payout = None
    line.save(update_fields=["state", "detail", "settled_by", "settled_at", "payout"])
    log.info("bank_line.set_aside", line=line.pk, by=by)
    _explain(line, reason, by, now)


def _check_open(line: BankLine, reason: str) -> None:
    if not reason.strip():
        raise PaymentRefused(code="reason_required", detail="Say why: somebody will ask.")
    if line.state in _CLOSED:
        raise PaymentRefused(code="bank_line_closed", detail=f"The line is {line.state}, by {line.settled_by}.")


def _check(line: BankLine, payout: Payout) -> None:
    if (line.bank, line.currency) != (payout.bank, payout.currency) or line.amount_minor <= 0:
        raise PaymentRefused(
            code="bank_line_of_another_payout",
            detail=f"{payout} goes to {payout.bank} in {payout.currency}; the line is of {line.bank}, {line.currency}.",
        )
    arrived = payout.bank_lines.filter(state=LineState.MATCHED, amount_minor__gt=0).exists()
    if arrived or payout.state not in _ON_ITS_WAY:
        detail = "has arrived by another line" if arrived else f"is {payout.state} at the PSP"
        raise PaymentRefused(code="payout_has_arrived", detail=f"{payout} {detail}.")
    most_minor = settings.BANK_MOST_DIFFERENCE * 10 ** exponent(line.currency)
    if abs(line.amount_minor - payout.amount_minor) > most_minor:
        most = Money(most_minor, line.currency)
        raise PaymentRefused(
            code="difference_too_large",
            detail=f"{payout} is of {Money(payout.amount_minor, payout.currency)}: a bank keeps at most {most}.",
        )


def _explain(line: BankLine, reason: str, by: str, now: datetime) -> None:
    """Resolve the break that the line had."""
    if line.finding is not None and line.finding.state == BreakState.OPEN:
        resolve_break(break_id=line.finding.public_id, reason=reason, by=by, now=now)
