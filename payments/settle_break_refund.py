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
from payments.psp.outcomes import (
    RefundCanceled,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RefundRequiresAction,
    RefundSucceeded,
)
from payments.resolve_break import end_by_refund
from payments.settle_refund import refuse_contradiction
from payments.states import BreakKind, BreakState, RefundState

log = structlog.get_logger(__name__)

R = RefundState


@transaction_required
def settle_break_refund(*, refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> RefundState:
    """Apply the PSP's news once: the break ends when the PSP has paid, and is open to all ways again where it does not.

    What the PSP says after a break has ended otherwise has a break of its own, with its money in suspense.

    :raises PaymentRefused: ``contradictory_outcome``: money went back otherwise than we asked, or after a refusal.
    """
    refund = lock_break_refund(refund_uuid=refund_uuid)
    refuse_contradiction(refund=refund, outcome=outcome)
    match outcome, R(refund.state):
        case RefundPending(psp_reference=reference), R.PENDING:
            refund.psp_reference = reference
            refund.save(update_fields=["psp_reference"])
        case RefundRequiresAction(psp_reference=reference), R.PENDING:
            refund.state, refund.psp_reference = R.REQUIRES_ACTION, reference
            refund.save(update_fields=["state", "psp_reference"])
        case RefundSucceeded(psp_reference=reference), R.PENDING | R.REQUIRES_ACTION:
            refund.psp_reference = reference
            _close(refund, R.SUCCEEDED, now)
            _end(refund, now)
        case RefundFailed(psp_reference=None) | RefundCanceled(psp_reference=None), _ if refund.psp_reference:
            log.warning("break.refund_refused_again", refund=refund.public_id, state=refund.state)
        case (RefundFailed() | RefundCanceled()) as undone, R.PENDING | R.REQUIRES_ACTION | R.SUCCEEDED:
            _undo(refund, undone, now)
        case _:
            log.info("break.refund_news_ignored", refund=refund.public_id, state=refund.state)
    return R(refund.state)


def _end(refund: BreakRefund, now: datetime) -> None:
    if refund.about.state == BreakState.OPEN:
        end_by_refund(held=refund.about, reason=refund.reason, by=refund.asked_by, now=now)
        return
    # The PSP has said something else of the payment meanwhile, and that is in suspense as a whole.
    _reopen(refund, received=False, detail=f"{refund} was paid back, after {refund.about} had been replaced.", now=now)


def _undo(refund: BreakRefund, outcome: RefundFailed | RefundCanceled, now: datetime) -> None:
    was_paid = refund.state == R.SUCCEEDED
    refund.psp_reference, refund.failure_reason = outcome.psp_reference, outcome.reason[:255]
    _close(refund, R.FAILED if isinstance(outcome, RefundFailed) else R.CANCELED, now)
    said = f"{refund} came to nothing: {outcome.reason or refund.state}."
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


def _close(refund: BreakRefund, state: RefundState, now: datetime) -> None:
    refund.state, refund.settled_at, refund.next_check_at = state, now, None
    fields = ["state", "psp_reference", "failure_reason", "settled_at", "next_check_at"]
    refund.save(update_fields=fields)
    log.info("break.refund_settled", refund=refund.public_id, state=str(state))
