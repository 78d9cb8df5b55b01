"""Have a PSP asked for the money of a break that nobody is owed. Nothing is posted before the PSP has paid."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import Count, F, Q
from django_subatomic.db import transaction_required

from exactly_once.public_ids import new_public_id
from payments.errors import PaymentRefused
from payments.models import Break, BreakRefund, Dispute, SettlementLine
from payments.open_break import note
from payments.states import OPEN_REFUND_STATES, BreakState, LineKind, LineState

log = structlog.get_logger(__name__)

# What names a break about a refund that came to nothing after it had ended a break.
CAME_BACK = "break_refund:"
# What names a break about how much of a payment was taken (report_mismatch.py).
OF_PAYMENT = "payment:"


def is_being_refunded(*, held: Break) -> bool:
    """Whether the PSP was asked to pay a break's money back, and nobody knows yet how that ended."""
    return BreakRefund.objects.filter(about=held, state__in=OPEN_REFUND_STATES).exists()


def check_refundable(*, held: Break) -> str:
    """Return the payment at the PSP by which the money of a locked break came.

    :raises PaymentRefused: ``refund_of_nothing``, ``refund_of_no_payment``, ``refund_of_another_payment``,
        ``refund_under_way``, ``refund_in_question``.
    """
    if not held.received:
        raise PaymentRefused(
            code="refund_of_nothing", detail=f"By {held.public_id} the PSP owes us less: there is nothing to pay back."
        )
    reference = _payment_of(held)
    of_payment = BreakRefund.objects.filter(
        psp=held.psp, psp_account=held.psp_account, payment_reference=reference, state__in=OPEN_REFUND_STATES
    )
    if (pending := of_payment.first()) is not None:
        raise _under_way(f"{pending} of {reference}")
    _refuse_what_may_be_gone(held, reference)
    return reference


def _payment_of(held: Break) -> str:
    """Return what the finding itself names; where it names nothing, the attempt's payment."""
    of_line = held.lines.filter(kind=LineKind.CHARGE).exclude(payment_reference="").order_by("pk").first()
    own = held.psp_reference if held.subject.startswith((CAME_BACK, OF_PAYMENT)) else ""
    own = own if of_line is None else of_line.payment_reference
    ours = "" if held.attempt is None else held.attempt.psp_reference or ""
    if own and ours and own != ours:
        raise PaymentRefused(
            code="refund_of_another_payment", detail=f"{held.public_id} names {own}, and its attempt is {ours}."
        )
    if not own and not ours:
        raise PaymentRefused(
            code="refund_of_no_payment", detail=f"{held.public_id} names no payment that a PSP could pay back."
        )
    return own or ours


def _refuse_what_may_be_gone(held: Break, reference: str) -> None:
    """Refuse of a payment that a bank has taken back, or by whose settlement or another break the PSP owes us less."""
    at_psp = Q(psp=held.psp, psp_account=held.psp_account)
    lines = SettlementLine.objects.filter(at_psp, payment_reference=reference)
    turns = lines.aggregate(
        taken=Count("pk", filter=Q(kind=LineKind.DISPUTE)), given=Count("pk", filter=Q(kind=LineKind.DISPUTE_REVERSAL))
    )
    disputes = Dispute.objects.filter(at_psp, attempt__psp_reference=reference, withdrawn_minor__gt=0)
    if turns["taken"] > turns["given"] or disputes.exists():
        raise PaymentRefused(code="refund_in_question", detail=f"The buyer's bank has taken of {reference} back.")
    whole = lines.filter(state=LineState.MATCHED, capture__amount_minor=F("capture__attempt__captured_minor"))
    if held.subject.startswith(OF_PAYMENT) and whole.exists():
        raise PaymentRefused(
            code="refund_in_question", detail=f"The settlement of {reference} has no more than was asked for."
        )
    names_it = Q(psp_reference=reference) | Q(attempt__psp_reference=reference) | Q(lines__payment_reference=reference)
    less = Break.objects.filter(at_psp & names_it, state=BreakState.OPEN, received=False).first()
    if less is not None:
        raise PaymentRefused(
            code="refund_in_question", detail=f"By {less} the PSP owes us less of {reference}: see what that was first."
        )


def _under_way(what: str) -> PaymentRefused:
    return PaymentRefused(code="refund_under_way", detail=f"The PSP was asked to pay {what} back: see how that ends.")


@transaction_required
def promise_break_refund(*, held: Break, reason: str, by: str, operation: UUID | None, now: datetime) -> str:
    """Have all that a locked break has in suspense paid back; return the refund's public id.

    The sweeper sends it. The break stays open until the PSP has paid, and is as before where it does not.

    :raises PaymentRefused: as :func:`check_refundable` says.
    """
    new = BreakRefund(
        public_id=new_public_id("brf"),
        about=held,
        psp=held.psp,
        psp_account=held.psp_account,
        payment_reference=check_refundable(held=held),
        amount_minor=held.amount_minor,
        currency=held.currency,
        reason=reason[:500],
        asked_by=by,
        created_at=now,
        next_check_at=now,
    )
    # Who has another break of the same payment paid back makes this wait, and then do nothing.
    BreakRefund.objects.bulk_create([new], ignore_conflicts=True)
    if not BreakRefund.objects.filter(uuid=new.uuid).exists():
        raise _under_way(new.payment_reference)
    note(about=held, what="refund_asked", by=by, detail=f"{new.public_id}: {reason}", now=now, operation=operation)
    log.warning("break.refund_asked", of=held.public_id, refund=new.public_id, by=by)
    return new.public_id
