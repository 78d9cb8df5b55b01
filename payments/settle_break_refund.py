"""What the PSP's answer, webhook or settlement makes of a break's refund, and of the break, in one transaction."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.locks import lock_break_refund
from payments.models import BreakRefund
from payments.open_break import TALLY, Finding, note, open_break
from payments.promise_break_refund import CAME_BACK
from payments.psp.outcomes import RefundOutcome
from payments.refund_news import take_news
from payments.resolve_break import end_by_refund
from payments.states import OPEN_REFUND_STATES, BreakKind, BreakState, RefundState

log = structlog.get_logger(__name__)

R = RefundState


@transaction_required
def settle_break_refund(*, refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> RefundState:
    """Apply the PSP's news once: the break ends when the PSP has paid, and is open to all ways again where it does not.

    What the PSP says after a break has ended otherwise has a break of its own, with its money in suspense.

    :raises PaymentRefused: ``contradictory_outcome``: money went back otherwise than we asked, or after a refusal.
    """
    refund = lock_break_refund(refund_uuid=refund_uuid)
    before = take_news(refund=refund, outcome=outcome, now=now)
    state = R(refund.state)
    if before is None or state in OPEN_REFUND_STATES:
        return state
    log.info("break.refund_settled", refund=refund.public_id, state=str(state))
    if state is R.SUCCEEDED:
        _end(refund, now)
    else:
        _tell_undone(refund, now, was_paid=before is R.SUCCEEDED)
    return state


def _end(refund: BreakRefund, now: datetime) -> None:
    if refund.about.state == BreakState.OPEN:
        end_by_refund(held=refund.about, reason=refund.reason, by=refund.asked_by, now=now)
        return
    # The PSP has said something else of the payment meanwhile, and that is in suspense as a whole.
    _reopen(refund, received=False, detail=f"{refund} was paid back, after {refund.about} had been replaced.", now=now)


def _tell_undone(refund: BreakRefund, now: datetime, *, was_paid: bool) -> None:
    said = f"{refund} came to nothing: {refund.failure_reason or refund.state}."
    note(about=refund.about, what=f"refund_{refund.state}", by=TALLY, detail=said, now=now)
    if was_paid:  # what has ended is final: the money is here again
        _reopen(refund, received=True, detail=said, now=now)


def _reopen(refund: BreakRefund, *, received: bool, detail: str, now: datetime) -> None:
    about = refund.about
    finding = Finding(
        kind=BreakKind.UNEXPLAINED,
        book=about.book,
        psp=about.psp,
        psp_account=about.psp_account,
        subject=f"{CAME_BACK}{refund.public_id}:{refund.state}",
        money=Money(refund.amount_minor, refund.currency),
        received=received,
        in_suspense=True,
        detail=detail,
        psp_reference=refund.payment_reference,
        attempt_pk=about.attempt_id,
    )
    open_break(finding=finding, now=now)
