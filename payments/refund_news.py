"""What the PSP's news makes of a refund's row, be it a payment's or a break's. What follows from that: settle_*.py."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.errors import PaymentRefused
from payments.models import BreakRefund, Refund
from payments.psp.outcomes import (
    NotSent,
    RefundCanceled,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RefundRequiresAction,
    RefundSucceeded,
    Unknown,
)
from payments.state_machines import REFUND
from payments.states import OPEN_REFUND_STATES, UNPAID_REFUND_STATES, RefundState

log = structlog.get_logger(__name__)

R = RefundState

_STATE_OF = {
    RefundPending: R.PENDING,
    RefundRequiresAction: R.REQUIRES_ACTION,
    RefundSucceeded: R.SUCCEEDED,
    RefundFailed: R.FAILED,
    RefundCanceled: R.CANCELED,
}
_TOLD = ("state", "psp_reference", "failure_reason", "settled_at", "next_check_at")


@transaction_required
def take_news(*, refund: Refund | BreakRefund, outcome: RefundOutcome, now: datetime) -> RefundState | None:
    """Write to a locked refund what the PSP tells; return the state that it was in, None where nothing was written.

    A refund that succeeded may still fail later: banks return them. A refusal (a failure without the PSP's reference)
    says only that our request was not executed: nothing about a refund that the PSP has.

    :raises PaymentRefused: ``contradictory_outcome``: money went back otherwise than we asked, or after a refusal.
    """
    _refuse_contradiction(refund, outcome)
    before = R(refund.state)
    if isinstance(outcome, NotSent | Unknown):
        _ignore(refund, outcome)
        return None
    if outcome.psp_reference is None and refund.psp_reference:
        log.warning("refund.refused_again", refund=refund.public_id, state=refund.state)
        return None
    state = _STATE_OF[type(outcome)]
    if not (REFUND.allows(before, state) or before is state is R.PENDING):  # which may have a reference by now
        _ignore(refund, outcome)
        return None
    refund.state, refund.psp_reference = state, outcome.psp_reference
    if isinstance(outcome, RefundFailed | RefundCanceled):
        refund.failure_reason = outcome.reason[:255]
    if state not in OPEN_REFUND_STATES:
        refund.settled_at, refund.next_check_at = now, None
    refund.save(update_fields=_TOLD)
    return before


def _ignore(refund: Refund | BreakRefund, outcome: RefundOutcome) -> None:
    log.info("refund.news_ignored", refund=refund.public_id, state=refund.state, news=type(outcome).__name__)


def _refuse_contradiction(refund: Refund | BreakRefund, outcome: RefundOutcome) -> None:
    """Refuse news that cannot be of this refund."""
    if isinstance(outcome, NotSent | Unknown):
        return
    another = refund.psp_reference is not None and outcome.psp_reference not in (None, refund.psp_reference)
    paid = outcome.money if isinstance(outcome, RefundSucceeded) else None
    otherwise = paid is not None and paid != Money(refund.amount_minor, refund.currency)
    after_refusal = paid is not None and refund.state in UNPAID_REFUND_STATES and refund.psp_reference is None
    if another or otherwise or after_refusal:
        raise PaymentRefused(
            code="contradictory_outcome",
            detail=f"{refund.public_id} is {refund.state} by {refund.psp_reference}, yet the PSP reports {outcome}.",
        )
