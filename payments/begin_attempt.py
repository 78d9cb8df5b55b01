"""Phase 1 of a charge: the intention to ask a PSP, committed before a byte is sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django_subatomic.db import transaction_required

from exactly_once.public_ids import new_public_id
from ledger.money import Money
from payments.chart import ensure_chart
from payments.errors import PaymentRefused
from payments.locks import lock_intent
from payments.models import Attempt, PaymentIntent
from payments.states import AttemptState, IntentState


@dataclass(frozen=True, slots=True)
class Charge:
    """What to ask which PSP account for. ``token`` is the PSP's word for a card, never the card."""

    book: str
    client: str
    order_reference: str
    money: Money
    description: str
    psp: str
    psp_account: str
    token: str
    captures_at_once: bool = True


@transaction_required
def begin_attempt(*, charge: Charge, now: datetime) -> UUID:
    """Open the order's intent if it has none, record an attempt as ``submitted``, and return the attempt's uuid.

    :raises PaymentRefused: ``payment_in_progress`` while another attempt is live or has succeeded.
    """
    ensure_chart(book=charge.book, psp=charge.psp, currency=charge.money.currency)
    intent = _processing_intent(charge, now)
    attempt = Attempt.objects.create(
        intent=intent,
        psp=charge.psp,
        psp_account=charge.psp_account,
        token=charge.token,
        captures_at_once=charge.captures_at_once,
        state=AttemptState.SUBMITTED,
        amount_minor=charge.money.amount_minor,
        currency=charge.money.currency,
        submitted_at=now,
        # Until then the request that wrote this row is expected to be at it.
        next_check_at=now + timedelta(seconds=settings.IDEMPOTENCY_LEASE_SECONDS),
    )
    return attempt.uuid


def _processing_intent(charge: Charge, now: datetime) -> PaymentIntent:
    intent = lock_intent(order_reference=charge.order_reference)
    if intent is None:
        intent = PaymentIntent(
            public_id=new_public_id("pi"),
            book=charge.book,
            client=charge.client,
            order_reference=charge.order_reference,
            created_at=now,
        )
    elif intent.state not in (IntentState.REQUIRES_PAYMENT_METHOD, IntentState.REQUIRES_CONFIRMATION):
        raise PaymentRefused(
            code="payment_in_progress",
            detail=f"{intent.public_id} is {intent.state}: it takes no further attempt.",
            extra={"payment_intent": intent.public_id},
        )
    # While nothing has been paid or is being tried, the order may still have changed.
    intent.amount_minor = charge.money.amount_minor
    intent.currency = charge.money.currency
    intent.description = charge.description
    intent.state = IntentState.PROCESSING
    intent.updated_at = now
    intent.save()
    return intent
