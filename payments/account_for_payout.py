"""A settlement line of a payout, or of one that came back: evidence of how the payout stands."""

from datetime import datetime

from django_subatomic.db import savepoint, transaction_required

from ledger.money import Money
from payments.accounted import Accounted, told_by
from payments.errors import PaymentRefused
from payments.models import Payout, SettlementLine
from payments.payout import settle_payout
from payments.psp.news import PayoutEvent
from payments.states import LineKind, LineState, PayoutState

_CAME_BACK = (PayoutState.FAILED, PayoutState.CANCELED)


@transaction_required
def account_for_payout(*, line: SettlementLine, now: datetime) -> Accounted:
    """Find the payout, or note that there is one, and bring it to where the line says that it is.

    What it moves is booked when it arrives, under the same name as by its webhook. Until then it is on its way: the PSP
    owes us less already, our bank has nothing yet.
    """
    told, leaves = told_by(line), line.kind == LineKind.PAYOUT
    if (told.amount_minor < 0) is not leaves:
        return Accounted(LineState.MISSING_INTERNAL, detail=f"{line.psp_reference} goes the wrong way: {told}.")
    known = _payout_of(line)
    if known is not None and known.lines.filter(kind=line.kind).exclude(pk=line.pk).exists():
        return Accounted(LineState.DUPLICATE, detail=f"Another line has settled {known}.")
    event = PayoutEvent(line.psp_reference, _state(line), -told if leaves else told, line.arrives_on)
    try:
        with savepoint():
            settle_payout(psp=line.psp, account=line.psp_account, event=event, now=now)
    except PaymentRefused as refusal:
        return _of_another_sum(line, str(refusal), leaves=leaves)
    return Accounted(LineState.MATCHED, explained=told, payout=_payout_of(line))


def _of_another_sum(line: SettlementLine, detail: str, *, leaves: bool) -> Accounted:
    known = _payout_of(line)
    if known is None:
        raise AssertionError("a payout that we know nothing of contradicts nothing")
    ours = Money(-known.amount_minor if leaves else known.amount_minor, known.currency)
    if ours.currency != told_by(line).currency:
        return Accounted(LineState.CURRENCY_MISMATCH, detail=detail)
    return Accounted(LineState.AMOUNT_MISMATCH, explained=ours, detail=detail, payout=known)


def _state(line: SettlementLine) -> PayoutState:
    if line.kind == LineKind.PAYOUT:
        return PayoutState(line.payout_state or PayoutState.PAID)
    told = PayoutState(line.payout_state or PayoutState.FAILED)
    return told if told in _CAME_BACK else PayoutState.FAILED


def _payout_of(line: SettlementLine) -> Payout | None:
    payouts = Payout.objects.filter(psp=line.psp, psp_account=line.psp_account)
    return payouts.filter(psp_reference=line.psp_reference).first()
