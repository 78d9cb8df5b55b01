"""What news of a payout does: the state, and the money in our bank account."""

from datetime import datetime

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from exactly_once import outbox
from exactly_once.public_ids import new_public_id
from ledger import journal
from ledger.money import Money
from payments import settlement_rules
from payments.chart import ensure_payout_chart
from payments.errors import PaymentRefused
from payments.events import payout_payload
from payments.models import Payout
from payments.psp.news import PayoutEvent
from payments.state_machines import PAYOUT
from payments.states import PayoutState

log = structlog.get_logger(__name__)


@transaction_required
def settle_payout(*, psp: str, account: str, event: PayoutEvent, now: datetime) -> PayoutState:
    """Bring the payout to where the PSP says that it is, once; return its state.

    :raises PaymentRefused: ``contradictory_outcome``: another sum than before.
    """
    payout = _locked(psp, account, event, now)
    current = PayoutState(payout.state) if payout.state else None
    if event.money != Money(payout.amount_minor, payout.currency):
        raise PaymentRefused(
            code="contradictory_outcome",
            detail=f"{payout.public_id} is of {payout.amount_minor} {payout.currency}, yet the PSP reports {event}.",
        )
    if current is event.state or (current is not None and not PAYOUT.allows(current, event.state)):
        log.info("payout.news_ignored", payout=payout.public_id, state=current, news=event.state)
        return current
    payout.state, payout.updated_at = event.state, now
    payout.arrives_on = event.arrives_on or payout.arrives_on
    payout.save()
    _post(payout, arrived=event.state is PayoutState.PAID, was_paid=current is PayoutState.PAID, now=now)
    outbox.publish(
        aggregatetype="payout",
        aggregateid=payout.public_id,
        type=f"payout.{event.state}",
        payload=payout_payload(payout),
        now=now,
    )
    return event.state


def _locked(psp: str, account: str, event: PayoutEvent, now: datetime) -> Payout:
    """Lock the payout, or make it. Two that make it at once meet the unique constraint; the inbox tries one again."""
    key = {"psp": psp, "psp_account": account, "psp_reference": event.psp_reference}
    ensure_payout_chart(
        book=settings.PAYMENTS_BOOK, psp=psp, bank_name=settings.PAYMENTS_BANK, currency=event.money.currency
    )
    known = Payout.objects.select_for_update(no_key=True).filter(**key).first()
    return known or Payout(
        **key,
        public_id=new_public_id("po"),
        book=settings.PAYMENTS_BOOK,
        bank=settings.PAYMENTS_BANK,
        amount_minor=event.money.amount_minor,
        currency=event.money.currency,
        created_at=now,
    )


def _post(payout: Payout, *, arrived: bool, was_paid: bool, now: datetime) -> None:
    if not (arrived or was_paid):
        return
    rule = settlement_rules.paid_out if arrived else settlement_rules.payout_returned
    draft = rule(
        psp=payout.psp,
        account=payout.psp_account,
        payout=payout.psp_reference,
        bank_name=payout.bank,
        money=Money(payout.amount_minor, payout.currency),
        now=now,
    )
    journal.post(book=payout.book, drafts=draft)
