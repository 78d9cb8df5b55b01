"""Let go of a payment that was not completed: the authorisation, or the 3-D Secure question still open."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import durable, transaction, transaction_required

from exactly_once import outbox
from exactly_once.public_ids import new_public_id
from payments.errors import PaymentRefused
from payments.events import intent_payload
from payments.locks import lock_intent
from payments.models import Attempt, PaymentIntent, Void
from payments.psp.outcomes import Pending, Voided
from payments.psp.registry import get_adapter
from payments.settle_attempt import settle_attempt
from payments.states import AttemptState, CaptureState, IntentState, VoidReason, VoidState

log = structlog.get_logger(__name__)

VOIDABLE = (AttemptState.REQUIRES_ACTION, AttemptState.AUTHORIZED)
LET_GO_OF = (*VOIDABLE, AttemptState.SURPLUS)
NOT_BEGUN = (IntentState.REQUIRES_PAYMENT_METHOD, IntentState.REQUIRES_CONFIRMATION)


@transaction_required
def request_void(*, order_reference: str, now: datetime) -> UUID | None:
    """Record that the order's open payment is to be let go; return the attempt to void at the PSP, if there is one.

    :raises PaymentRefused: ``capture_in_progress``.
    """
    intent = lock_intent(order_reference=order_reference)
    if intent is None:
        return None
    attempt = Attempt.objects.select_for_update(no_key=True).filter(intent=intent, state__in=VOIDABLE).first()
    if attempt is None:
        if intent.state in NOT_BEGUN:
            _cancel(intent, now)
        return None
    if attempt.captures.filter(state=CaptureState.PENDING).exists():
        raise PaymentRefused(code="capture_in_progress", detail="A capture of this payment is under way.")
    # Who asks for it comes before who gave it up: the intent ends with it.
    if not attempt.voids.filter(state=VoidState.PENDING).update(reason=VoidReason.REQUESTED):
        Void.objects.create(public_id=new_public_id("void"), attempt=attempt, created_at=now)
    attempt.next_check_at = now
    attempt.save(update_fields=["next_check_at"])
    return attempt.uuid


def _cancel(intent: PaymentIntent, now: datetime) -> None:
    intent.state, intent.updated_at = IntentState.CANCELED, now
    intent.save(update_fields=["state", "updated_at"])
    outbox.publish(
        aggregatetype="payment_intent",
        aggregateid=intent.public_id,
        type="payment_intent.canceled",
        payload=intent_payload(intent, intent.attempts.order_by("pk").last()),
        now=now,
    )


@durable
def send_void(*, attempt_uuid: UUID, now: datetime) -> None:
    """Ask the PSP to void, where that was requested.

    Anything but a plain yes is left to the next look-up: it may have been paid meanwhile.
    """
    attempt = Attempt.objects.get(uuid=attempt_uuid)
    void = attempt.voids.filter(state=VoidState.PENDING).first()
    if void is None or attempt.state not in LET_GO_OF:
        return
    if attempt.psp_reference is None:
        _let_go_of_nothing(attempt, now)
        return
    adapter = get_adapter(psp=attempt.psp, account=attempt.psp_account)
    # A new key each time: to cancel twice is to cancel, and a refusal that the PSP remembers would be all we ever hear.
    outcome = adapter.void(key=f"{void.uuid}:void:{attempt.checks + 1}", psp_reference=attempt.psp_reference)
    if isinstance(outcome, Voided):
        with transaction():
            settle_attempt(attempt_uuid=attempt_uuid, outcome=outcome, now=now)
    elif isinstance(outcome, Pending):
        log.info("payment.void_pending", attempt=str(attempt.uuid))
    else:
        log.warning("payment.void_unsettled", attempt=str(attempt.uuid), outcome=type(outcome).__name__)


def _let_go_of_nothing(attempt: Attempt, now: datetime) -> None:
    """Close a question that the PSP has begun no payment for, unless the buyer is back: that ends first.

    No buyer comes back behind this: what they bring is not taken while a void is pending (take_return.py).
    """
    if attempt.returned:
        log.info("payment.void_waits", attempt=str(attempt.uuid))
        return
    with transaction():
        settle_attempt(attempt_uuid=attempt.uuid, outcome=Voided(None), now=now)
