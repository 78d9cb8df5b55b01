"""What the PSP's answer, webhook or look-up makes of a refund, in one transaction."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from exactly_once import outbox
from ledger import journal
from ledger.money import Money
from payments import posting_rules, reversals
from payments.errors import PaymentRefused
from payments.events import refund_payload
from payments.locks import lock_refund
from payments.models import BreakRefund, Refund
from payments.part_rows import earned_of
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
from payments.states import UNPAID_REFUND_STATES, RefundState

log = structlog.get_logger(__name__)

R = RefundState

# For people to read. What a PSP says may be the same word: that it was called off shows by its never having been sent.
DISPUTED = "disputed"


@transaction_required
def settle_refund(*, refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> RefundState:
    """Apply the PSP's answer or webhook once, and post it.

    A refund that succeeded may still fail later: banks return them. A refusal (a failure without the PSP's reference)
    says only that our request was not executed: nothing about a refund that the PSP has.

    :raises PaymentRefused: ``contradictory_outcome``: money went back otherwise than we asked, or after a refusal.
    """
    refund = lock_refund(refund_uuid=refund_uuid)
    refuse_contradiction(refund=refund, outcome=outcome)
    match outcome, R(refund.state):
        case RefundPending(psp_reference=reference), R.PENDING:
            refund.psp_reference = reference
            refund.save(update_fields=["psp_reference"])
        case RefundRequiresAction(psp_reference=reference), R.PENDING:
            refund.state, refund.psp_reference = R.REQUIRES_ACTION, reference
            _save(refund, now)
        case RefundSucceeded(psp_reference=reference), R.PENDING | R.REQUIRES_ACTION:
            _succeed(refund, reference, now)
        case RefundFailed(psp_reference=None) | RefundCanceled(psp_reference=None), _ if refund.psp_reference:
            log.warning("refund.refused_again", refund=refund.public_id, state=refund.state)
        case RefundFailed() | RefundCanceled(), R.PENDING | R.REQUIRES_ACTION | R.SUCCEEDED:
            _undo(refund, outcome, now)
            reversals.announce(reversals.Reversal(refund.attempt.intent.order_reference, now))
        case _:
            log.info("refund.news_ignored", refund=refund.public_id, state=refund.state, news=type(outcome).__name__)
    return R(refund.state)


@transaction_required
def call_off(*, refund_uuid: UUID, now: datetime) -> None:
    """Promise a refund no more that nobody was asked for yet: the buyer's bank has taken the money back.

    Nobody is told here: the dispute is told of, when it is decided.
    """
    refund = lock_refund(refund_uuid=refund_uuid)
    if refund.state == R.PENDING and refund.sent_at is None:
        _undo(refund, RefundCanceled(None, reason=DISPUTED), now)


def refuse_contradiction(*, refund: Refund | BreakRefund, outcome: RefundOutcome) -> None:
    """Refuse news that cannot be of this refund.

    :raises PaymentRefused: ``contradictory_outcome``.
    """
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


def _succeed(refund: Refund, reference: str, now: datetime) -> None:
    refund.state, refund.psp_reference = R.SUCCEEDED, reference
    _close(refund, now)
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


def _undo(refund: Refund, outcome: RefundFailed | RefundCanceled, now: datetime) -> None:
    was_paid = refund.state == R.SUCCEEDED
    refund.state = R.FAILED if isinstance(outcome, RefundFailed) else R.CANCELED
    refund.failure_reason, refund.psp_reference = outcome.reason[:255], outcome.psp_reference
    refund.attempt.refunded_minor -= refund.amount_minor
    refund.attempt.save(update_fields=["refunded_minor"])
    _close(refund, now)
    intent = refund.attempt.intent
    journal.post(
        book=intent.book,
        drafts=posting_rules.refund_undone(
            psp=refund.attempt.psp,
            state=refund.state,
            was_paid=was_paid,
            refund_id=refund.public_id,
            money=Money(refund.amount_minor, refund.currency),
            earned=earned_of(refund),
            order_reference=intent.order_reference,
            now=now,
        ),
    )


def _close(refund: Refund, now: datetime) -> None:
    refund.settled_at, refund.next_check_at = now, None
    _save(refund, now)


def _save(refund: Refund, now: datetime) -> None:
    """Save a refund in its new state, and publish that."""
    refund.save()
    outbox.publish(
        aggregatetype="refund",
        aggregateid=refund.public_id,
        type=f"refund.{refund.state}",
        payload=refund_payload(refund),
        now=now,
    )
    log.info("refund.settled", refund=refund.public_id, state=str(refund.state))
