"""What the PSP's answer, webhook or look-up makes of a refund, in one transaction."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from exactly_once import outbox
from ledger import journal
from ledger.money import Money
from payments import posting_rules, reversals
from payments.events import refund_payload
from payments.locks import lock_refund
from payments.models import Refund
from payments.part_rows import earned_of
from payments.psp.outcomes import RefundCanceled, RefundFailed, RefundOutcome, RefundRequiresAction, RefundSucceeded
from payments.refund_news import take_news
from payments.states import RefundState

log = structlog.get_logger(__name__)

R = RefundState

# For people to read. What a PSP says may be the same word: that it was called off shows by its never having been sent.
DISPUTED = "disputed"


@transaction_required
def settle_refund(*, refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> RefundState:
    """Apply the PSP's answer or webhook once, and post it.

    :raises PaymentRefused: ``contradictory_outcome``: money went back otherwise than we asked, or after a refusal.
    """
    refund = lock_refund(refund_uuid=refund_uuid)
    before = take_news(refund=refund, outcome=outcome, now=now)
    match before, outcome:
        case None, _:
            pass
        case _, RefundRequiresAction():
            _publish(refund, now)
        case _, RefundSucceeded(psp_reference=reference):
            _post_paid(refund, reference, now)
        case _, RefundFailed() | RefundCanceled():
            _post_undone(refund, now, was_paid=before is R.SUCCEEDED)
            reversals.announce(reversals.Reversal(refund.attempt.intent.order_reference, now))
    return R(refund.state)


@transaction_required
def call_off(*, refund_uuid: UUID, now: datetime) -> None:
    """Promise a refund no more that nobody was asked for yet: the buyer's bank has taken the money back.

    Nobody is told here: the dispute is told of, when it is decided. The PSP may have one that this
    database has not sent: it was restored.
    """
    refund = lock_refund(refund_uuid=refund_uuid)
    if refund.state != R.PENDING or refund.sent_at is not None or refund.psp_reference is not None:
        return
    take_news(refund=refund, outcome=RefundCanceled(None, reason=DISPUTED), now=now)
    _post_undone(refund, now, was_paid=False)


def _post_paid(refund: Refund, reference: str, now: datetime) -> None:
    _publish(refund, now)
    intent = refund.attempt.intent
    journal.post(
        book=intent.book,
        drafts=posting_rules.refund_succeeded(
            psp=refund.attempt.psp,
            refund_id=refund.public_id,
            psp_reference=reference,
            money=Money(refund.amount_minor, refund.currency),
            order_reference=intent.order_reference,
            now=now,
        ),
    )


def _post_undone(refund: Refund, now: datetime, *, was_paid: bool) -> None:
    refund.attempt.refunded_minor -= refund.amount_minor
    refund.attempt.save(update_fields=["refunded_minor"])
    _publish(refund, now)
    intent = refund.attempt.intent
    journal.post(
        book=intent.book,
        drafts=posting_rules.refund_undone(
            psp=refund.attempt.psp,
            state=R(refund.state),
            was_paid=was_paid,
            refund_id=refund.public_id,
            money=Money(refund.amount_minor, refund.currency),
            earned=earned_of(refund),
            order_reference=intent.order_reference,
            now=now,
        ),
    )


def _publish(refund: Refund, now: datetime) -> None:
    outbox.publish(
        aggregatetype="refund",
        aggregateid=refund.public_id,
        type=f"refund.{refund.state}",
        payload=refund_payload(refund),
        now=now,
    )
    log.info("refund.settled", refund=refund.public_id, state=str(refund.state))
