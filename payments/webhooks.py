"""What an inbox event of a PSP does: find the attempt or refund that it speaks of, and settle it.

Runs inside the inbox's transaction. The event's order among others does not matter: every settlement is guarded.
"""

from django.db.models import Case, Q, When
from django_subatomic.db import transaction_required

from exactly_once.inbox import InboxMessage, Park
from payments.capture import settle_capture
from payments.dispute import settle_dispute
from payments.errors import PaymentRefused
from payments.models import Attempt, BreakRefund, Capture, Refund
from payments.payout import settle_payout
from payments.psp.news import CaptureEvent, DisputeEvent, PaymentEvent, PayoutEvent, RefundEvent
from payments.psp.registry import get_adapter
from payments.settle_attempt import settle_attempt
from payments.settle_break_refund import settle_break_refund
from payments.settle_refund import settle_refund


@transaction_required
def handle(message: InboxMessage) -> None:
    """Settle what the event reports.

    :raises Park: it speaks of an object that we do not know (yet), or contradicts what we know: tried again later,
        and visible to people until then.
    """
    for event in get_adapter(psp=message.source, account=message.account).parse_webhook(body=message.body):
        match event:
            case PaymentEvent():
                _settle_payment(message, event)
            case CaptureEvent():
                _settle_capture(message, event)
            case RefundEvent():
                _settle_refund(message, event)
            case DisputeEvent():
                _settle_dispute(message, event)
            case PayoutEvent():
                _settle_payout(message, event)


def _settle_payment(message: InboxMessage, event: PaymentEvent) -> None:
    known = Q(psp_reference=event.psp_reference)
    if event.attempt_id is not None:
        known |= Q(uuid=event.attempt_id)
    attempts = Attempt.objects.filter(known, psp=message.source, psp_account=message.account)
    # Where the PSP has two payments under one attempt, the one that bears its reference is meant.
    ours = attempts.order_by(Case(When(psp_reference=event.psp_reference, then=0), default=1), "pk")
    uuid = ours.values_list("uuid", flat=True).first()
    if uuid is None:
        raise Park(f"no attempt of ours is {event.psp_reference}")
    try:
        settle_attempt(attempt_uuid=uuid, outcome=event.outcome, now=message.now)
    except PaymentRefused as error:
        raise Park(str(error)) from error


def _settle_capture(message: InboxMessage, event: CaptureEvent) -> None:
    known = Q(psp_reference=event.psp_reference)
    if event.capture_id is not None:
        known |= Q(uuid=event.capture_id)
    captures = Capture.objects.filter(known, attempt__psp=message.source, attempt__psp_account=message.account)
    if event.payment_reference is not None:
        captures = captures.filter(attempt__psp_reference=event.payment_reference)
    uuid = captures.values_list("uuid", flat=True).first()
    if uuid is None:
        raise Park(f"no capture of ours is {event.psp_reference}")
    try:
        settle_capture(capture_uuid=uuid, outcome=event.outcome, now=message.now)
    except PaymentRefused as error:
        raise Park(str(error)) from error


def _settle_refund(message: InboxMessage, event: RefundEvent) -> None:
    known = Q(psp_reference=event.psp_reference)
    if event.refund_id is not None:
        known |= Q(uuid=event.refund_id)
    refunds = Refund.objects.filter(known, attempt__psp=message.source, attempt__psp_account=message.account)
    of_breaks = BreakRefund.objects.filter(known, about__psp=message.source, about__psp_account=message.account)
    if event.payment_reference is not None:
        refunds = refunds.filter(attempt__psp_reference=event.payment_reference)
        of_breaks = of_breaks.filter(payment_reference=event.payment_reference)
    ours, of_break = (rows.values_list("uuid", flat=True).first() for rows in (refunds, of_breaks))
    try:
        if ours is not None:
            settle_refund(refund_uuid=ours, outcome=event.outcome, now=message.now)
        elif of_break is not None:
            settle_break_refund(refund_uuid=of_break, outcome=event.outcome, now=message.now)
        else:
            raise Park(f"no refund of ours is {event.psp_reference}")
    except PaymentRefused as error:
        raise Park(str(error)) from error


def _settle_dispute(message: InboxMessage, event: DisputeEvent) -> None:
    attempts = Attempt.objects.filter(psp=message.source, psp_account=message.account)
    attempt = attempts.filter(psp_reference=event.payment_reference).first()
    if attempt is None:
        raise Park(f"no attempt of ours is {event.payment_reference}")
    try:
        settle_dispute(attempt=attempt, event=event, now=message.now)
    except PaymentRefused as error:
        raise Park(str(error)) from error


def _settle_payout(message: InboxMessage, event: PayoutEvent) -> None:
    try:
        settle_payout(psp=message.source, account=message.account, event=event, now=message.now)
    except PaymentRefused as error:
        raise Park(str(error)) from error
