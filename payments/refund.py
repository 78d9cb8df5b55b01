"""Pay a buyer back: promise it in a transaction, ask the PSP with none open, settle (settle_refund.py) in another."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django_subatomic.db import durable, transaction, transaction_required

from exactly_once.public_ids import new_public_id
from exactly_once.retry import retry_on_conflict
from ledger import journal
from ledger.money import Money
from payments import posting_rules
from payments.ask_refund import ask_refund
from payments.chart import ensure_earned_refund_chart
from payments.earned import earned_parts
from payments.errors import PaymentNotFound, PaymentRefused
from payments.locks import lock_intent
from payments.models import Attempt, Refund
from payments.part_rows import give_shares, left_of, refundable_parts
from payments.parts import Part, Wanted, share_out, share_out_items
from payments.psp.outcomes import NoLookUp, NotFoundAtPsp, RefundOutcome
from payments.settle_refund import settle_refund
from payments.states import OPEN_REFUND_STATES, AttemptState

log = structlog.get_logger(__name__)

COMPENSATION = "compensation"
_REFUNDABLE = Q(state=AttemptState.CAPTURED) | Q(state=AttemptState.AUTHORIZED, captured_minor__gt=0)


@transaction_required
def request_refund(
    *,
    order_reference: str,
    money: Money | None = None,
    parts: Sequence[Wanted] = (),
    earned: Sequence[Part] | None = None,
    reason: str,
    now: datetime,
) -> str:
    """Promise money back out of the order's capture and post the promise; return the refund's public id.

    The sweeper sends it, so nothing is lost if this process dies right after the commit.

    :param money: shared out over what is left of the payment's parts, where it has any; None: all that is left.
    :param parts: what to pay back instead of a sum.
    :param earned: how much of which part has been earned by now, such as by shipping; None: as who sells by it says.
        What is still owed in goods is paid back first; the rest comes off revenue and taxes.
    :raises PaymentNotFound: the order has no payment.
    :raises PaymentRefused: ``payment_not_captured``, ``nothing_to_refund``, ``refund_exceeds_capture``,
        ``currency_mismatch``, ``unknown_part``, ``refund_exceeds_part``.
    """
    intent = lock_intent(order_reference=order_reference)
    if intent is None:
        raise PaymentNotFound(code="payment_not_found", detail=f"There is no payment for {order_reference}.")
    # Of what is held, a part may have been captured already.
    attempt = Attempt.objects.select_for_update(no_key=True).filter(_REFUNDABLE, intent=intent).first()
    if attempt is None:
        raise PaymentRefused(code="payment_not_captured", detail=f"{intent.public_id} has not been captured.")
    rows = refundable_parts(intent)
    shares = share_out_items(wanted=parts, left=left_of(rows, attempt.currency), currency=attempt.currency)
    money = _checked(attempt, sum(shares, start=Money(0, attempt.currency)) if parts else money)
    if rows and not parts:
        shares = share_out(money=money, left=left_of(rows, attempt.currency))
    refund = _promise(attempt, money, reason, now)
    earned = earned_parts(order_reference=order_reference) if earned is None else earned
    _post(refund, give_shares(refund=refund, rows=rows, shares=shares, earned=earned), now)
    log.info("refund.requested", refund=refund.public_id, intent=intent.public_id)
    return refund.public_id


def _checked(attempt: Attempt, money: Money | None) -> Money:
    # What the buyer's bank has taken back is not paid back once more.
    left_minor = attempt.captured_minor - attempt.refunded_minor - attempt.disputed_minor
    left = Money(max(left_minor, 0), attempt.currency)
    money = left if money is None else money
    if money.currency != attempt.currency:
        raise PaymentRefused(
            code="currency_mismatch", detail=f"The payment was in {attempt.currency}, not {money.currency}."
        )
    if money.amount_minor == 0:
        raise PaymentRefused(code="nothing_to_refund", detail="Nothing of that is left to refund.")
    if left < money:
        raise PaymentRefused(code="refund_exceeds_capture", detail=f"{money} is more than the {left} left to refund.")
    return money


def _promise(attempt: Attempt, money: Money, reason: str, now: datetime) -> Refund:
    attempt.refunded_minor += money.amount_minor
    attempt.save(update_fields=["refunded_minor"])
    return Refund.objects.create(
        public_id=new_public_id("re"),
        attempt=attempt,
        amount_minor=money.amount_minor,
        currency=money.currency,
        reason=reason,
        created_at=now,
        next_check_at=now,
    )


def _post(refund: Refund, earned: posting_rules.Sale | None, now: datetime) -> None:
    intent = refund.attempt.intent
    if earned is not None:
        where = [jurisdiction for jurisdiction, _ in earned.taxes]
        ensure_earned_refund_chart(book=intent.book, currency=refund.currency, jurisdictions=where)
    draft = posting_rules.refund_requested(
        refund_id=refund.public_id,
        money=Money(refund.amount_minor, refund.currency),
        earned=earned,
        order_reference=intent.order_reference,
        now=now,
    )
    journal.post(book=intent.book, drafts=draft)


@durable
def send_refund(*, refund_uuid: UUID, now: datetime) -> None:
    """Ask the PSP to pay back, under a key that makes asking again harmless, and settle what it says.

    Where the outcome is not known the refund stays open and the sweeper asks again: first what became of it, then,
    while the PSP's memory of our key lasts, for the same once more. One that waits for the buyer is only looked at.
    """
    with transaction():
        Refund.objects.filter(uuid=refund_uuid, state__in=OPEN_REFUND_STATES).update(
            checks=F("checks") + 1, sent_at=Coalesce("sent_at", Value(now))
        )
    refund = Refund.objects.select_related("attempt").get(uuid=refund_uuid)
    if refund.state not in OPEN_REFUND_STATES:
        return
    attempt = refund.attempt
    if attempt.psp_reference is None:
        raise AssertionError("only what was captured, under a reference, is paid back")
    outcome = ask_refund(
        refund=refund, psp=attempt.psp, account=attempt.psp_account, psp_reference=attempt.psp_reference, now=now
    )
    if isinstance(outcome, NotFoundAtPsp | NoLookUp):
        # The PSP may have forgotten our key: asking again could pay twice. Its webhook, or a person, ends this one.
        log.error("refund.unknown_for_too_long", refund=refund.public_id)
        return
    _settle(refund_uuid, outcome, now)


@retry_on_conflict
@transaction
def _settle(refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> None:
    settle_refund(refund_uuid=refund_uuid, outcome=outcome, now=now)
