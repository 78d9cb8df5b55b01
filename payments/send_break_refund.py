"""Ask a PSP to pay a break's money back, with no transaction open, and settle what it says."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import durable, transaction

from exactly_once.retry import retry_on_conflict
from payments.ask_refund import ask_refund
from payments.locks import lock_break_refund
from payments.models import BreakRefund
from payments.psp.outcomes import NoLookUp, NotFoundAtPsp, RefundCanceled, RefundFailed, RefundOutcome
from payments.settle_break_refund import settle_break_refund
from payments.states import OPEN_REFUND_STATES, BreakState

log = structlog.get_logger(__name__)

# For people to read: the PSP has told something else of the payment before it was asked.
REPLACED = "replaced"
NOT_FOUND = "not found at the PSP"


@durable
def send_break_refund(*, refund_uuid: UUID, now: datetime) -> None:
    """Ask under a key that makes asking again harmless, as :func:`payments.refund.send_refund` does.

    Where the outcome is not known the refund and its break stay open, and the sweeper asks again.
    """
    refund = _begin(refund_uuid, now)
    if refund is None:
        return
    outcome = ask_refund(
        refund=refund, psp=refund.psp, account=refund.psp_account, psp_reference=refund.payment_reference, now=now
    )
    if isinstance(outcome, NotFoundAtPsp) and refund.psp_reference is None:
        # It is looked for in vain only once our key is forgotten: what we have asked for will not be paid any more.
        outcome = RefundFailed(None, reason=NOT_FOUND)
    if isinstance(outcome, NotFoundAtPsp | NoLookUp):
        # The PSP may have forgotten our key: asking again could pay twice. Its webhook or its settlement ends this one.
        log.error("break.refund_unknown_for_too_long", refund=refund.public_id)
        return
    _settle(refund_uuid, outcome, now)


@retry_on_conflict
@transaction
def _begin(refund_uuid: UUID, now: datetime) -> BreakRefund | None:
    """Note that the PSP is asked; None where there is nothing to ask.

    A break that was replaced before anybody was asked holds nothing any more: the one that replaced it does.
    """
    refund = lock_break_refund(refund_uuid=refund_uuid)
    if refund.state not in OPEN_REFUND_STATES:
        return None
    if refund.sent_at is None and refund.about.state != BreakState.OPEN:
        settle_break_refund(refund_uuid=refund_uuid, outcome=RefundCanceled(None, reason=REPLACED), now=now)
        return None
    refund.checks, refund.sent_at = refund.checks + 1, refund.sent_at or now
    refund.save(update_fields=["checks", "sent_at"])
    return refund


@retry_on_conflict
@transaction
def _settle(refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> None:
    settle_break_refund(refund_uuid=refund_uuid, outcome=outcome, now=now)
