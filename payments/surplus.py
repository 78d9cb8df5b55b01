"""Money that nobody owed us: found, booked, and let go of or paid back by itself.

It comes where a payment that was closed is captured all the same (a late webhook after another PSP was tried), and
where the PSP has two payments under one attempt (it forgot our key). Either is linked to the intent it came for.
"""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from exactly_once import outbox
from exactly_once.public_ids import new_public_id
from ledger import journal
from ledger.money import Money
from payments import posting_rules
from payments.bookings import close_pending, new_capture, payment_of
from payments.events import surplus_payload
from payments.models import Attempt, Refund, Void
from payments.psp.outcomes import Approved
from payments.report_mismatch import report_mismatch
from payments.state_machines import Step, step
from payments.states import CLOSED_WITHOUT_MONEY, AttemptState, CaptureState

log = structlog.get_logger(__name__)

REASON = "surplus"


def surplus_of(*, attempt: Attempt, approved: Approved) -> Attempt | None:
    """Return the row that news of money is about, not saved, where the money is surplus; None where it is not.

    The caller has locked the attempt and its intent.
    """
    if attempt.psp_reference not in (None, approved.psp_reference):
        known = Attempt.objects.filter(
            psp=attempt.psp, psp_account=attempt.psp_account, psp_reference=approved.psp_reference
        ).first()
        if known is None:
            return _second_payment(attempt, approved)
        if known.intent_id != attempt.intent_id:
            return None
        known.intent = attempt.intent
        attempt = known
    if attempt.state == AttemptState.SURPLUS:
        return attempt
    closed = AttemptState(attempt.state)
    news = AttemptState.CAPTURED if approved.captured else AttemptState.AUTHORIZED
    moved = closed in CLOSED_WITHOUT_MONEY and step(current=closed, news=news) is Step.CONTRADICTION
    return attempt if moved else None


@transaction_required
def settle_surplus(*, surplus: Attempt, approved: Approved, now: datetime) -> None:
    """Book what the PSP has taken and promise it back, or ask it to let go of what it holds.

    Another sum than this row is about opens a break, and that is all.
    """
    asked = Money(surplus.amount_minor, surplus.currency)
    if approved.money != asked or surplus.captured_minor not in (0, approved.money.amount_minor):
        report_mismatch(attempt=surplus, approved=approved, now=now)
        return
    if surplus.captured_minor:
        return
    surplus.state, surplus.psp_reference = AttemptState.SURPLUS, approved.psp_reference
    if approved.captured:
        _pay_back(surplus, approved.money, now)
    else:
        _let_go(surplus, now)


def _second_payment(attempt: Attempt, approved: Approved) -> Attempt:
    return Attempt(
        intent=attempt.intent,
        psp=attempt.psp,
        psp_account=attempt.psp_account,
        token=attempt.token,
        amount_minor=approved.money.amount_minor,
        currency=approved.money.currency,
        psp_reference=approved.psp_reference,
        captures_at_once=attempt.captures_at_once,
        submitted_at=attempt.submitted_at,
    )


def _pay_back(surplus: Attempt, money: Money, now: datetime) -> None:
    surplus.captured_minor = surplus.refunded_minor = money.amount_minor
    surplus.settled_at, surplus.next_check_at = now, None
    surplus.save()
    capture = new_capture(attempt=surplus, money=money, final=True, now=now)
    capture.state, capture.psp_reference, capture.settled_at = CaptureState.SUCCEEDED, surplus.psp_reference, now
    capture.save()
    refund = Refund.objects.create(
        public_id=new_public_id("re"),
        attempt=surplus,
        amount_minor=money.amount_minor,
        currency=money.currency,
        reason=REASON,
        created_at=now,
        next_check_at=now,
    )
    draft = posting_rules.captured_in_surplus(payment=payment_of(surplus), money=money, now=now)
    journal.post(book=surplus.intent.book, drafts=draft)
    close_pending(attempt=surplus, now=now)
    outbox.publish(
        aggregatetype="surplus",
        aggregateid=str(surplus.uuid),
        type="surplus.captured",
        payload=surplus_payload(surplus, refund),
        now=now,
    )
    log.error("payment.surplus_captured", attempt=str(surplus.uuid), intent=surplus.intent.public_id, sum=str(money))


def _let_go(surplus: Attempt, now: datetime) -> None:
    surplus.next_check_at = now
    surplus.save()
    if not surplus.voids.exists():
        Void.objects.create(public_id=new_public_id("void"), attempt=surplus, created_at=now)
        log.error("payment.surplus_authorized", attempt=str(surplus.uuid), intent=surplus.intent.public_id)


@transaction_required
def end_surplus(*, surplus: Attempt, now: datetime) -> None:
    """Note that the PSP has let go of what it held in surplus."""
    surplus.next_check_at = None
    surplus.save(update_fields=["next_check_at"])
    close_pending(attempt=surplus, now=now)
