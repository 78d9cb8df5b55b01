"""Pay a buyer back: promise it in a transaction, ask the PSP with none open, settle in another."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django_subatomic.db import durable, transaction, transaction_required

from exactly_once import outbox
from exactly_once.public_ids import new_public_id
from ledger import journal
from ledger.money import Money
from payments import posting_rules
from payments.errors import PaymentNotFound, PaymentRefused
from payments.events import refund_payload
from payments.locks import lock_intent, lock_refund
from payments.models import Attempt, Refund
from payments.psp.outcomes import (
    NoLookUp,
    NotFoundAtPsp,
    NotSent,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RefundSucceeded,
    RetrieveRefundOutcome,
    Unknown,
)
from payments.psp.registry import get_adapter
from payments.states import AttemptState, RefundState

log = structlog.get_logger(__name__)

COMPENSATION = "compensation"


@transaction_required
def request_refund(*, order_reference: str, money: Money, reason: str, now: datetime) -> str:
    """Promise ``money`` back out of the order's capture and post the promise; return the refund's public id.

    The sweeper sends it, so nothing is lost if this process dies right after the commit.

    :raises PaymentNotFound: the order has no payment.
    :raises PaymentRefused: ``refund_exceeds_capture``, ``payment_not_captured``, ``currency_mismatch``.
    """
    intent = lock_intent(order_reference=order_reference)
    if intent is None:
        raise PaymentNotFound(code="payment_not_found", detail=f"There is no payment for {order_reference}.")
    attempt = Attempt.objects.select_for_update(no_key=True).filter(intent=intent, state=AttemptState.CAPTURED).first()
    if attempt is None:
        raise PaymentRefused(code="payment_not_captured", detail=f"{intent.public_id} has not been captured.")
    _check(attempt, money)
    attempt.refunded_minor += money.amount_minor
    attempt.save(update_fields=["refunded_minor"])
    refund = Refund.objects.create(
        public_id=new_public_id("re"),
        attempt=attempt,
        amount_minor=money.amount_minor,
        currency=money.currency,
        reason=reason,
        created_at=now,
        next_check_at=now,
    )
    journal.post(
        book=intent.book,
        drafts=posting_rules.refund_requested(
            refund_id=refund.public_id, money=money, order_reference=order_reference, now=now
        ),
    )
    log.info("refund.requested", refund=refund.public_id, intent=intent.public_id)
    return refund.public_id


def _check(attempt: Attempt, money: Money) -> None:
    if money.currency != attempt.currency:
        raise PaymentRefused(
            code="currency_mismatch", detail=f"The payment was in {attempt.currency}, not {money.currency}."
        )
    # What the buyer's bank has taken back is not paid back once more.
    left_minor = attempt.captured_minor - attempt.refunded_minor - attempt.disputed_minor
    left = Money(max(left_minor, 0), attempt.currency)
    if money.amount_minor > left.amount_minor:
        raise PaymentRefused(code="refund_exceeds_capture", detail=f"{money} is more than the {left} left to refund.")


@durable
def send_refund(*, refund_uuid: UUID, now: datetime) -> None:
    """Ask the PSP to pay back, under a key that makes asking again harmless, and settle what it says.

    Where the outcome is not known the refund stays ``pending`` and the sweeper asks again: first what became of it,
    then, while the PSP's memory of our key lasts, for the same once more.
    """
    with transaction():
        Refund.objects.filter(uuid=refund_uuid, state=RefundState.PENDING).update(
            checks=F("checks") + 1, sent_at=Coalesce("sent_at", Value(now))
        )
    refund = Refund.objects.select_related("attempt").get(uuid=refund_uuid)
    if refund.state != RefundState.PENDING:
        return
    outcome = _ask(refund, now)
    if isinstance(outcome, NotFoundAtPsp | NoLookUp):
        # The PSP may have forgotten our key: asking again could pay twice. Its webhook, or a person, ends this one.
        log.error("refund.unknown_for_too_long", refund=refund.public_id)
        return
    with transaction():
        settle_refund(refund_uuid=refund_uuid, outcome=outcome, now=now)


def _ask(refund: Refund, now: datetime) -> RetrieveRefundOutcome:
    """Ask for the refund; where that was done before, look first what became of it."""
    attempt = refund.attempt
    if attempt.psp_reference is None or refund.sent_at is None:
        raise AssertionError("only what was captured, under a reference, is paid back, and when that began is noted")
    adapter = get_adapter(psp=attempt.psp, account=attempt.psp_account)
    if refund.checks > 1:
        found = adapter.retrieve_refund(refund_id=refund.uuid, psp_reference=attempt.psp_reference)
        if not isinstance(found, NotFoundAtPsp | NoLookUp) or now - refund.sent_at >= adapter.key_retention:
            return found
    return adapter.refund(
        key=f"{refund.uuid}:refund:1",
        psp_reference=attempt.psp_reference,
        refund_id=refund.uuid,
        money=Money(refund.amount_minor, refund.currency),
    )


@transaction_required
def settle_refund(*, refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> RefundState:
    """Apply the PSP's answer or webhook once, and post it.

    A refund that succeeded may still fail later: banks return them. A refusal (a failure without the PSP's reference)
    says only that our request was not executed: nothing about a refund that the PSP has.

    :raises PaymentRefused: ``contradictory_outcome``: money went back otherwise than we asked, or after a refusal.
    """
    refund = lock_refund(refund_uuid=refund_uuid)
    _refuse_contradiction(refund, outcome)
    match outcome, RefundState(refund.state):
        case RefundPending(psp_reference=reference), RefundState.PENDING:
            refund.psp_reference = reference
            refund.save(update_fields=["psp_reference"])
        case RefundSucceeded(psp_reference=reference), RefundState.PENDING:
            _succeed(refund, reference, now)
        case RefundFailed(psp_reference=None), _ if refund.psp_reference is not None:
            log.warning("refund.refused_again", refund=refund.public_id, state=refund.state)
        case RefundFailed(), RefundState.PENDING | RefundState.SUCCEEDED:
            _fail(refund, outcome, now)
        case _:
            log.info("refund.news_ignored", refund=refund.public_id, state=refund.state, news=type(outcome).__name__)
    return RefundState(refund.state)


def _refuse_contradiction(refund: Refund, outcome: RefundOutcome) -> None:
    if isinstance(outcome, NotSent | Unknown):
        return
    another = refund.psp_reference is not None and outcome.psp_reference not in (None, refund.psp_reference)
    paid = outcome.money if isinstance(outcome, RefundSucceeded) else None
    otherwise = paid is not None and paid != Money(refund.amount_minor, refund.currency)
    after_refusal = paid is not None and refund.state == RefundState.FAILED and refund.psp_reference is None
    if another or otherwise or after_refusal:
        raise PaymentRefused(
            code="contradictory_outcome",
            detail=f"{refund.public_id} is {refund.state} by {refund.psp_reference}, yet the PSP reports {outcome}.",
        )


def _succeed(refund: Refund, reference: str, now: datetime) -> None:
    refund.state, refund.psp_reference = RefundState.SUCCEEDED, reference
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


def _fail(refund: Refund, outcome: RefundFailed, now: datetime) -> None:
    was_paid = refund.state == RefundState.SUCCEEDED
    refund.state, refund.failure_reason = RefundState.FAILED, outcome.reason[:255]
    refund.psp_reference = outcome.psp_reference
    refund.attempt.refunded_minor -= refund.amount_minor
    refund.attempt.save(update_fields=["refunded_minor"])
    _close(refund, now)
    intent = refund.attempt.intent
    journal.post(
        book=intent.book,
        drafts=posting_rules.refund_failed(
            psp=refund.attempt.psp,
            was_paid=was_paid,
            refund_id=refund.public_id,
            money=Money(refund.amount_minor, refund.currency),
            order_reference=intent.order_reference,
            now=now,
        ),
    )


def _close(refund: Refund, now: datetime) -> None:
    refund.settled_at, refund.next_check_at = now, None
    refund.save()
    outbox.publish(
        aggregatetype="refund",
        aggregateid=refund.public_id,
        type=f"refund.{refund.state}",
        payload=refund_payload(refund),
        now=now,
    )
    log.info("refund.settled", refund=refund.public_id, state=str(refund.state))
