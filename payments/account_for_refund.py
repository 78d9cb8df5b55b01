"""A settlement line of a refund, or of one that came back: evidence of how the refund ended."""

from dataclasses import replace
from datetime import datetime

from django_subatomic.db import savepoint, transaction_required

from ledger.money import Money
from payments.accounted import Accounted, missing, told_by
from payments.errors import PaymentRefused
from payments.models import Attempt, BreakRefund, Refund, SettlementLine
from payments.psp.outcomes import RefundFailed, RefundSucceeded
from payments.settle_break_refund import settle_break_refund
from payments.settle_refund import settle_refund
from payments.states import OPEN_REFUND_STATES, LineKind, LineState


@transaction_required
def account_for_refund(*, line: SettlementLine, now: datetime) -> Accounted:
    """Find the refund and settle it, unless that is done.

    A refund that failed may have both lines, in either order: together they are nothing, as in the books.

    :raises TooEarlyError: it may be about a refund that the PSP has not told us the name of.
    """
    refund, told = _refund_of(line), told_by(line)
    if refund is None:
        return missing(line, f"No refund of ours is {line.psp_reference}.", now)
    if isinstance(refund, Refund):
        attempt: Attempt | None = refund.attempt
        found, settle = Accounted(LineState.MATCHED, explained=told, attempt=attempt, refund=refund), settle_refund
    else:
        attempt = refund.about.attempt
        found = Accounted(LineState.MATCHED, explained=told, attempt=attempt, break_refund=refund)
        settle = settle_break_refund
    if told.currency != refund.currency:
        detail = f"{refund} is in {refund.currency}, and was settled as {told}."
        return Accounted(LineState.CURRENCY_MISMATCH, detail=detail, attempt=attempt)
    others = refund.lines.filter(kind=line.kind).exclude(pk=line.pk)
    if refund.psp_reference not in (None, line.psp_reference) or others.exists():
        detail = f"{refund} is {refund.psp_reference} at the PSP, and there is {line.psp_reference}, too."
        return Accounted(LineState.DUPLICATE, detail=detail, attempt=attempt)
    promised = Money(refund.amount_minor, refund.currency)
    ours = -promised if line.kind == LineKind.REFUND else promised
    if told != ours:
        return _of_another_sum(found, refund, ours, f"{refund} is of {promised}, and was settled as {told}.")
    outcome = (
        RefundSucceeded(line.psp_reference, promised)
        if line.kind == LineKind.REFUND
        else RefundFailed(line.psp_reference, reason=line.reason or "returned")
    )
    try:
        with savepoint():
            settle(refund_uuid=refund.uuid, outcome=outcome, now=now)
    except PaymentRefused as refusal:
        return Accounted(LineState.MISSING_INTERNAL, detail=str(refusal), attempt=attempt)
    return found


def _of_another_sum(found: Accounted, refund: Refund | BreakRefund, ours: Money, detail: str) -> Accounted:
    """Return what the books have of it: of a break's refund nothing, before the PSP has paid just that."""
    if isinstance(refund, BreakRefund) and refund.state in OPEN_REFUND_STATES:
        return Accounted(LineState.AMOUNT_MISMATCH, detail=detail, attempt=found.attempt)
    return replace(found, state=LineState.AMOUNT_MISMATCH, explained=ours, detail=detail)


def _refund_of(line: SettlementLine) -> Refund | BreakRefund | None:
    return _refund_of_payment(line) or _refund_of_break(line)


def _refund_of_break(line: SettlementLine) -> BreakRefund | None:
    refunds = BreakRefund.objects.select_related("about__attempt__intent").filter(
        about__psp=line.psp, about__psp_account=line.psp_account
    )
    exact = refunds.filter(psp_reference=line.psp_reference).first() if line.psp_reference else None
    return exact if exact is not None or line.our_id is None else refunds.filter(uuid=line.our_id).first()


def _refund_of_payment(line: SettlementLine) -> Refund | None:
    refunds = Refund.objects.select_related("attempt__intent").filter(
        attempt__psp=line.psp, attempt__psp_account=line.psp_account
    )
    exact = refunds.filter(psp_reference=line.psp_reference).first() if line.psp_reference else None
    return exact if exact is not None or line.our_id is None else refunds.filter(uuid=line.our_id).first()
