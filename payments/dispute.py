"""What news of a dispute does: the state, the money that the PSP keeps back, and refunds that would pay twice."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from exactly_once import outbox
from exactly_once.public_ids import new_public_id
from ledger.money import Money
from payments import reversals
from payments.chart import ensure_dispute_chart
from payments.dispute_bookings import book_decided, book_fee, book_offset, book_opened
from payments.errors import PaymentRefused
from payments.events import dispute_payload
from payments.locks import lock_attempt
from payments.models import Attempt, Dispute
from payments.psp.news import DisputeEvent
from payments.settle_refund import call_off
from payments.state_machines import DISPUTE
from payments.states import WITHDRAWN_DISPUTE_STATES, DisputeState, RefundState

log = structlog.get_logger(__name__)

D = DisputeState


@transaction_required
def settle_dispute(*, attempt: Attempt, event: DisputeEvent, now: datetime) -> DisputeState:
    """Bring the dispute to where the PSP says that it is, once; return its state.

    A warning moves no money. What was answered or decided before we heard of it is booked as if we had heard all.

    :raises PaymentRefused: ``contradictory_outcome``: another sum or currency than before, or than was captured.
    """
    attempt = lock_attempt(attempt_uuid=attempt.uuid)
    dispute = Dispute.objects.select_for_update(no_key=True).filter(**_key(attempt, event)).first()
    current = None if dispute is None else D(dispute.state)
    dispute = dispute or _new(attempt, event, now)
    dispute.attempt = attempt
    _refuse_contradiction(dispute, event)
    _note_fee(dispute, event, now)
    if current is not None and current is not event.state and not DISPUTE.allows(current, event.state):
        log.info("dispute.news_ignored", dispute=dispute.public_id, state=current, news=event.state)
        return current
    dispute.evidence_due_at, dispute.updated_at = event.evidence_due_at or dispute.evidence_due_at, now
    if current is event.state:
        dispute.save()
        return current
    _move(dispute, current, event.state, now)
    return event.state


def _key(attempt: Attempt, event: DisputeEvent) -> dict[str, str]:
    return {"psp": attempt.psp, "psp_account": attempt.psp_account, "psp_reference": event.psp_reference}


def _new(attempt: Attempt, event: DisputeEvent, now: datetime) -> Dispute:
    ensure_dispute_chart(book=attempt.intent.book, psp=attempt.psp, currency=event.money.currency)
    return Dispute(
        **_key(attempt, event),
        public_id=new_public_id("dp"),
        attempt=attempt,
        amount_minor=event.money.amount_minor,
        currency=event.money.currency,
        reason=event.reason[:64],
        refunded_minor=attempt.refunded_minor,
        created_at=now,
    )


def _refuse_contradiction(dispute: Dispute, event: DisputeEvent) -> None:
    attempt = dispute.attempt
    others = attempt.disputed_minor - dispute.withdrawn_minor
    fits = event.money.currency == attempt.currency and others + event.money.amount_minor <= attempt.captured_minor
    if not fits or event.money != Money(dispute.amount_minor, dispute.currency):
        raise PaymentRefused(
            code="contradictory_outcome",
            detail=f"{dispute.psp_reference} about {attempt.captured_minor} {attempt.currency} captured: {event}.",
        )


def _move(dispute: Dispute, current: DisputeState | None, news: DisputeState, now: datetime) -> None:
    """Write the state, the sums and the postings that lead from one state to the other."""
    attempt, was_withdrawn = dispute.attempt, dispute.withdrawn_minor
    dispute.state = news
    dispute.withdrawn_minor = dispute.amount_minor if news in WITHDRAWN_DISPUTE_STATES else 0
    turned = current in (D.WON, D.LOST)
    dispute.turns += turned
    attempt.disputed_minor += dispute.withdrawn_minor - was_withdrawn
    attempt.save(update_fields=["disputed_minor"])
    if news in (D.NEEDS_RESPONSE, D.UNDER_REVIEW, D.WON, D.LOST) and not was_withdrawn and not turned:
        book_opened(dispute=dispute, now=now)
    book_decided(dispute=dispute, turn=dispute.turns if turned else 0, now=now)
    if dispute.offset_minor:
        book_offset(dispute=dispute, minor=-dispute.offset_minor, now=now)
    dispute.save()
    _stop_refunds(dispute, now)
    outbox.publish(
        aggregatetype="dispute",
        aggregateid=dispute.public_id,
        type=f"dispute.{news}",
        payload=dispute_payload(dispute),
        now=now,
    )
    log.warning("dispute.moved", dispute=dispute.public_id, state=str(news), intent=attempt.intent.public_id)
    if news in (D.WON, D.LOST):
        reversals.announce(reversals.Reversal(attempt.intent.order_reference, now))


def _stop_refunds(dispute: Dispute, now: datetime) -> None:
    """Call back refunds that nobody was asked for yet and that would pay the buyer a second time."""
    for refund in dispute.attempt.refunds.filter(state=RefundState.PENDING, sent_at=None).order_by("-pk"):
        attempt = Attempt.objects.get(pk=dispute.attempt_id)
        if attempt.refunded_minor + attempt.disputed_minor <= attempt.captured_minor:
            return
        call_off(refund_uuid=refund.uuid, now=now)


def _note_fee(dispute: Dispute, event: DisputeEvent, now: datetime) -> None:
    """Post what the PSP charges for the dispute, once: at the first news that says so."""
    if event.fee is None or event.fee.amount_minor == 0 or dispute.fee_minor:
        return
    if event.fee.currency != dispute.currency:
        return  # charged in the account's own currency: its settlement line tells
    dispute.fee_minor = event.fee.amount_minor
    if dispute.pk is not None:
        dispute.save(update_fields=["fee_minor"])  # the rest of the news may be stale
    book_fee(dispute=dispute, money=event.fee, now=now)
