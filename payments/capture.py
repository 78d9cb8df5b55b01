"""Take an authorised payment, or part of it: asked for in a transaction, sent with none open, settled in another."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django_subatomic.db import durable, transaction, transaction_required

from ledger.money import Money
from payments.bookings import book_capture, close_pending, fail_capture, new_capture
from payments.errors import PaymentNotFound, PaymentRefused
from payments.locks import lock_capture, lock_intent
from payments.models import Attempt, Capture, Void
from payments.psp.outcomes import Approved, CaptureFailed, CaptureOutcome, CapturePending, CaptureSucceeded
from payments.psp.registry import get_adapter
from payments.settle_attempt import move_intent, saving, settle_attempt
from payments.states import AttemptState, CaptureState, VoidState

log = structlog.get_logger(__name__)


@transaction_required
def request_capture(*, order_reference: str, money: Money | None, final: bool, now: datetime) -> UUID:
    """Record that ``money`` (None: all that is left) is to be taken; return the capture to send.

    The sweeper sends it, so nothing is lost if this process dies right after the commit.

    :raises PaymentNotFound: the order has no payment.
    :raises PaymentRefused: ``payment_not_authorized``, ``capture_in_progress``, ``void_in_progress``,
        ``currency_mismatch``, ``capture_exceeds_authorization``.
    """
    intent = lock_intent(order_reference=order_reference)
    if intent is None:
        raise PaymentNotFound(code="payment_not_found", detail=f"There is no payment for {order_reference}.")
    held = Attempt.objects.select_for_update(no_key=True).filter(intent=intent, state=AttemptState.AUTHORIZED).first()
    if held is None:
        raise PaymentRefused(
            code="payment_not_authorized", detail=f"{intent.public_id} is {intent.state}: there is nothing to capture."
        )
    left = Money(held.amount_minor - held.captured_minor, held.currency)
    capture = new_capture(attempt=held, money=_checked(held, money or left, left), final=final, now=now)
    capture.next_check_at = now
    capture.save()
    log.info("capture.requested", capture=capture.public_id, intent=intent.public_id)
    return capture.uuid


def _checked(held: Attempt, money: Money, left: Money) -> Money:
    if held.captures.filter(state=CaptureState.PENDING).exists():
        raise PaymentRefused(code="capture_in_progress", detail="Another capture of this payment is under way.")
    if Void.objects.filter(attempt=held, state=VoidState.PENDING).exists():
        raise PaymentRefused(code="void_in_progress", detail="This payment is being let go of.")
    if money.currency != held.currency:
        raise PaymentRefused(
            code="currency_mismatch", detail=f"The payment is in {held.currency}, not {money.currency}."
        )
    if not 0 < money.amount_minor <= left.amount_minor:
        raise PaymentRefused(
            code="capture_exceeds_authorization", detail=f"{money} is not within the {left} left to capture."
        )
    return money


@durable
def send_capture(*, capture_uuid: UUID, now: datetime) -> None:
    """Ask the PSP to take the money, under a key that makes asking again harmless, and settle what it says.

    Once the PSP has taken the request in, or may have forgotten our key, only the payment is looked at.
    """
    with transaction():
        Capture.objects.filter(uuid=capture_uuid, state=CaptureState.PENDING).update(
            checks=F("checks") + 1, sent_at=Coalesce("sent_at", Value(now))
        )
    capture = Capture.objects.select_related("attempt").get(uuid=capture_uuid)
    attempt = capture.attempt
    if capture.state != CaptureState.PENDING or attempt.psp_reference is None or capture.sent_at is None:
        return
    adapter = get_adapter(psp=attempt.psp, account=attempt.psp_account)
    if capture.psp_reference is not None or now - capture.sent_at >= adapter.key_retention:
        found = adapter.retrieve(attempt_id=attempt.uuid, psp_reference=attempt.psp_reference)
        if isinstance(found, Approved) and found.captured:
            with transaction():
                settle_attempt(attempt_uuid=attempt.uuid, outcome=found, now=now)
        return
    outcome = adapter.capture(
        key=f"{capture.uuid}:capture:1",
        capture_id=capture.uuid,
        psp_reference=attempt.psp_reference,
        money=Money(capture.amount_minor, capture.currency),
        final=capture.final,
    )
    with transaction():
        settle_capture(capture_uuid=capture_uuid, outcome=outcome, now=now)


@transaction_required
def settle_capture(*, capture_uuid: UUID, outcome: CaptureOutcome, now: datetime) -> CaptureState:
    """Apply the PSP's answer or webhook once: capture, attempt, intent, ledger and outbox.

    :raises PaymentRefused: ``contradictory_outcome``: another sum was taken than we asked for, or money moved on what
        we had closed.
    """
    capture = lock_capture(capture_uuid=capture_uuid)
    match outcome, CaptureState(capture.state):
        case CapturePending(psp_reference=reference), CaptureState.PENDING:
            capture.psp_reference = reference
            capture.save(update_fields=["psp_reference"])
        case CaptureSucceeded(money=money), CaptureState.PENDING if money == _asked(capture):
            _succeed(capture, outcome, now)
        case CaptureFailed(reason=reason), CaptureState.PENDING:
            fail_capture(capture=capture, reason=reason, now=now)
        case (CaptureSucceeded(money=money), CaptureState.SUCCEEDED) if money == _asked(capture):
            log.info("capture.news_ignored", capture=capture.public_id)
        case CaptureFailed(), CaptureState.FAILED:
            log.info("capture.news_ignored", capture=capture.public_id)
        case CaptureSucceeded() | CaptureFailed(), _:
            raise PaymentRefused(
                code="contradictory_outcome",
                detail=f"{capture.public_id} of {_asked(capture)} is {capture.state}, yet the PSP reports {outcome}.",
            )
        case _:
            log.info("capture.unsettled", capture=capture.public_id, news=type(outcome).__name__)
    return CaptureState(capture.state)


def _asked(capture: Capture) -> Money:
    return Money(capture.amount_minor, capture.currency)


def _succeed(capture: Capture, outcome: CaptureSucceeded, now: datetime) -> None:
    attempt = capture.attempt
    attempt.captured_minor += capture.amount_minor
    attempt.state = AttemptState.CAPTURED if capture.final else AttemptState.AUTHORIZED
    saved = saving(attempt=attempt, now=now)
    book_capture(capture=capture, psp_reference=outcome.psp_reference, now=now, beside=[saved])
    if capture.final:
        close_pending(attempt=attempt, now=now)
    move_intent(attempt=attempt, now=now)
