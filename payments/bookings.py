"""What settling an attempt writes beside its state: holds and captures, as rows and in the ledger."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max
from django_subatomic.db import transaction_required

from exactly_once import outbox
from exactly_once.public_ids import new_public_id
from exactly_once.together import Write, insert, is_new, save, write_together
from ledger import journal
from ledger.drafts import TransactionDraft
from ledger.money import Money
from payments import posting_rules
from payments.events import capture_payload, ended_payload
from payments.models import Attempt, Capture, Void
from payments.states import AttemptState, CaptureState, VoidState


@transaction_required
def book_hold(*, attempt: Attempt, now: datetime) -> None:
    """Hold in the ledger what the PSP holds."""
    money = Money(attempt.amount_minor, attempt.currency)
    _post(attempt, posting_rules.authorized(payment=payment_of(attempt), money=money, now=now))


@transaction_required
def book_release(*, attempt: Attempt, expired: bool, now: datetime) -> None:
    """End the attempt's hold; what was captured of it stays."""
    left = Money(attempt.amount_minor - attempt.captured_minor, attempt.currency)
    _post(attempt, posting_rules.let_go(payment=payment_of(attempt), left=left, expired=expired, now=now))
    if attempt.captured_minor:  # otherwise the intent's own event says it all
        outbox.publish(
            aggregatetype="authorization",
            aggregateid=str(attempt.uuid),
            type="authorization.ended",
            payload=ended_payload(attempt),
            now=now,
        )


def new_capture(*, attempt: Attempt, money: Money, final: bool, now: datetime, is_first: bool = False) -> Capture:
    """Return the attempt's next capture, not saved; its first one, where the caller knows that."""
    last = 0 if is_first else attempt.captures.aggregate(last=Max("number"))["last"] or 0
    return Capture(
        public_id=new_public_id("cap"),
        attempt=attempt,
        number=last + 1,
        amount_minor=money.amount_minor,
        currency=money.currency,
        final=final,
        created_at=now,
    )


@transaction_required
def book_capture(*, capture: Capture, psp_reference: str, now: datetime, beside: Sequence[Write]) -> None:
    """Write that a capture has succeeded.

    :param beside: what saves its attempt with the new sum and state, in the same statement.
    """
    attempt = capture.attempt
    capture.state, capture.psp_reference = CaptureState.SUCCEEDED, psp_reference
    capture.settled_at, capture.next_check_at = now, None
    write_together(*beside, insert(capture) if is_new(capture) else save(capture))
    taken = Money(capture.amount_minor, capture.currency)
    left = Money(attempt.amount_minor - attempt.captured_minor + capture.amount_minor, attempt.currency)
    released = None if attempt.authorized_at is None else left if capture.final else taken
    draft = posting_rules.captured(
        payment=payment_of(attempt),
        number=capture.number,
        money=taken,
        released=released,
        final=capture.final or taken == left,
        now=now,
    )
    _post(attempt, draft)
    if not attempt.captures_at_once:  # otherwise the intent's own event says it all
        _publish(capture, now)


@transaction_required
def fail_capture(*, capture: Capture, reason: str, now: datetime) -> None:
    """Write that a capture has come to nothing."""
    capture.state, capture.failure_reason = CaptureState.FAILED, reason[:255]
    capture.settled_at, capture.next_check_at = now, None
    capture.save()
    _publish(capture, now)


def _publish(capture: Capture, now: datetime) -> None:
    outbox.publish(
        aggregatetype="capture",
        aggregateid=capture.public_id,
        type=f"capture.{capture.state}",
        payload=capture_payload(capture),
        now=now,
    )


@transaction_required
def close_pending(*, attempt: Attempt, now: datetime, let_go: bool = False) -> None:
    """End what is still asked of an attempt that has ended: a void, or a capture that came too late.

    :param let_go: what was left of a payment that is captured in part was let go of.
    """
    for capture in attempt.captures.filter(state=CaptureState.PENDING):
        capture.attempt = attempt
        fail_capture(capture=capture, reason=f"payment_{attempt.state}", now=now)
    no_surplus = attempt.state == AttemptState.SURPLUS and not attempt.captured_minor
    is_void = let_go or no_surplus or attempt.state == AttemptState.VOIDED
    state = VoidState.SUCCEEDED if is_void else VoidState.FAILED
    reason = "" if state is VoidState.SUCCEEDED else str(attempt.state)
    pending = Void.objects.filter(attempt=attempt, state=VoidState.PENDING)
    pending.update(state=state, failure_reason=reason, settled_at=now)


def payment_of(attempt: Attempt) -> posting_rules.Payment:
    """Return what the posting rules need to know of an attempt."""
    if attempt.psp_reference is None:
        raise AssertionError("money at a PSP without the PSP's reference cannot be told from other money")
    return posting_rules.Payment(
        psp=attempt.psp,
        account=attempt.psp_account,
        psp_reference=attempt.psp_reference,
        order_reference=attempt.intent.order_reference,
    )


def _post(attempt: Attempt, draft: TransactionDraft) -> None:
    journal.post(book=attempt.intent.book, drafts=draft)
