"""A settlement line of a dispute: evidence that a buyer's bank has taken the money, or given it back."""

from datetime import datetime

from django_subatomic.db import savepoint, transaction_required

from ledger.money import Money
from payments.accounted import Accounted, TooEarlyError, attempt_of, is_young, missing, told_by
from payments.dispute import settle_dispute
from payments.errors import PaymentRefused
from payments.models import Attempt, Dispute, SettlementLine
from payments.psp.news import DisputeEvent
from payments.states import DisputeState, LineKind, LineState

D = DisputeState


@transaction_required
def account_for_dispute(*, line: SettlementLine, now: datetime) -> Accounted:
    """Find the dispute, or begin one, and bring it as far as its lines prove.

    A dispute may turn, and turn again. The n-th line that takes (or returns) money stands for the n-th time that it was
    taken: news of later turns may have come before.

    :raises TooEarlyError: the payment is not known to be captured yet.
    """
    told, attempt = told_by(line), attempt_of(line)
    dispute = _dispute_of(line)
    attempt = dispute.attempt if dispute is not None else attempt
    if attempt is None:
        return missing(line, f"No attempt of ours is {line.payment_reference}.", now)
    if told.currency != attempt.currency:
        detail = f"The payment is in {attempt.currency}, and its dispute was settled as {told}."
        return Accounted(LineState.CURRENCY_MISMATCH, detail=detail, attempt=attempt)
    taken = line.kind == LineKind.DISPUTE
    number = 1 if dispute is None else dispute.lines.filter(kind=line.kind).exclude(pk=line.pk).count() + 1
    try:
        with savepoint():
            settle_dispute(attempt=attempt, event=_event(line, told, dispute, number), now=now)
    except PaymentRefused as refusal:
        return _refused(line, attempt, dispute, number, str(refusal), now)
    dispute = _dispute_of(line)
    if dispute is None or number > times(dispute=dispute, taken=taken):
        return _refused(line, attempt, dispute, number, f"{line.psp_reference} turns more often than we know of.", now)
    return Accounted(LineState.MATCHED, explained=told, attempt=attempt, dispute=dispute)


def times(*, dispute: Dispute, taken: bool) -> int:
    """Return how often the money was taken, or returned, by what we know of a dispute."""
    if dispute.state not in (D.NEEDS_RESPONSE, D.UNDER_REVIEW, D.WON, D.LOST):
        return 0
    # Turns alternate: with each of them a win follows a loss, or a loss a win.
    returned = dispute.turns // 2 + 1 if dispute.state == D.WON else (dispute.turns + 1) // 2
    if not taken:
        return returned
    return returned if dispute.state == D.WON else returned + 1


def _refused(  # noqa: PLR0917 - all that is known of it
    line: SettlementLine, attempt: Attempt, dispute: Dispute | None, number: int, detail: str, now: datetime
) -> Accounted:
    """Return what does not fit; where a line that is still to come may make it fit, nothing yet.

    :raises TooEarlyError: that is so.
    """
    told, taken = told_by(line), line.kind == LineKind.DISPUTE
    if dispute is not None and abs(told.amount_minor) != dispute.amount_minor:
        if number > times(dispute=dispute, taken=taken):
            return Accounted(LineState.AMOUNT_MISMATCH, detail=detail, attempt=attempt)
        ours = Money(-dispute.amount_minor if taken else dispute.amount_minor, dispute.currency)
        return Accounted(LineState.AMOUNT_MISMATCH, explained=ours, detail=detail, attempt=attempt, dispute=dispute)
    if is_young(line, now) and (dispute is not None or not attempt.captured_minor):
        raise TooEarlyError(detail)
    return Accounted(LineState.MISSING_INTERNAL, detail=detail, attempt=attempt)


def _event(line: SettlementLine, told: Money, dispute: Dispute | None, number: int) -> DisputeEvent:
    """Return what the line proves; where that is known, how the dispute stands.

    A charge for the dispute is the webhook's to tell as well: whoever is first has it booked under the dispute's name.
    """
    taken = line.kind == LineKind.DISPUTE
    proved = D.WON if not taken else D.NEEDS_RESPONSE if number == 1 else D.LOST
    is_known = dispute is not None and number <= times(dispute=dispute, taken=taken)
    return DisputeEvent(
        psp_reference=line.psp_reference,
        payment_reference=line.payment_reference,
        state=D(dispute.state) if is_known and dispute is not None else proved,
        money=Money(abs(told.amount_minor), told.currency),
        reason=line.reason,
        fee=Money(line.fee_minor, line.currency) if taken and line.fee_minor > 0 else None,
    )


def _dispute_of(line: SettlementLine) -> Dispute | None:
    disputes = Dispute.objects.select_related("attempt__intent").filter(psp=line.psp, psp_account=line.psp_account)
    return disputes.filter(psp_reference=line.psp_reference).first()
