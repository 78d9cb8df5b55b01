"""Phase 1 of a charge: the intention to ask a PSP, committed before a byte is sent."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from exactly_once.public_ids import new_public_id
from exactly_once.together import Write, insert, is_new, save, write_together
from ledger.money import Money
from payments.chart import opening_chart
from payments.choose_route import STANDING, Choice, choose_route, take_first
from payments.circuit import probes_due
from payments.errors import PaymentRefused
from payments.locks import lock_intent
from payments.models import Attempt, PaymentIntent
from payments.part_rows import write_first_parts, write_parts
from payments.parts import Part
from payments.psp.outcomes import Declined, NotSent
from payments.routing import Purchase, Route, Token
from payments.states import AttemptState, IntentState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Charge:
    """What to ask for, and the buyer's tokens, the client's first choice first. Rules choose among them.

    ``parts``: what the money is for, where that is known, so that refunds can say which of it goes back. ``is_first``:
    the order has no intent, and the caller's lock keeps others from opening one.
    """

    book: str
    client: str
    order_reference: str
    money: Money
    description: str
    tokens: Sequence[Token]
    country: str = ""
    card_brand: str = ""
    captures_at_once: bool = True
    parts: Sequence[Part] = ()
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that is submitted: what to ask the PSP (payments/ask_psp.py)."""

    attempt: Attempt = field(repr=False)


@transaction_required
def begin_attempt(*, charge: Charge, now: datetime) -> UUID:
    """Open the order's intent if it has none, record an attempt as ``submitted``, and return the attempt's uuid.

    :raises InvalidParts, PaymentRefused, PspUnavailable: see :func:`begin`.
    """
    return begin(charge=charge, now=now).attempt.uuid


@transaction_required
def begin(*, charge: Charge, now: datetime, beside: Sequence[Write] = ()) -> Begun:
    """Open the order's intent if it has none, and record an attempt as ``submitted``.

    :param beside: what the caller writes with the attempt, in the same statement.
    :raises InvalidParts: ``parts_invalid``.
    :raises PaymentRefused: ``payment_in_progress`` while another attempt is live or has succeeded; ``no_route``.
    :raises PspUnavailable: ``psp_unavailable``.
    """
    intent, standing = _processing_intent(charge, now)
    purchase = Purchase(charge.order_reference, charge.money, charge.country, charge.card_brand)
    choice = choose_route(purchase=purchase, tokens=charge.tokens, standing=standing, now=now)
    attempt = _new_attempt(intent, choice, captures_at_once=charge.captures_at_once, now=now, beside=beside)
    return Begun(attempt)


@transaction_required
def fail_over(*, attempt: Attempt, outcome: object, now: datetime) -> bool:
    """Record the next attempt at another account after one that certainly took nothing; return whether there is one.

    Only after *not sent* and a soft decline that the PSP gave at once. A decline that came later, of a payment that was
    in doubt or before the buyer, is told to the buyer instead: they no longer expect to pay.
    """
    gave_way = isinstance(outcome, NotSent) or (isinstance(outcome, Declined) and outcome.soft)
    if not gave_way or not attempt.next_routes:
        return False
    routes = [Route(*each) for each in attempt.next_routes]
    choice = take_first(routes=routes, probes=probes_due(now=now), now=now)
    if choice is None:
        return False
    following = _new_attempt(attempt.intent, choice, captures_at_once=attempt.captures_at_once, now=now, after=attempt)
    log.info("payment.failed_over", attempt=str(attempt.uuid), to=str(following.uuid), psp=following.psp)
    return True


def _new_attempt(
    intent: PaymentIntent,
    choice: Choice,
    *,
    captures_at_once: bool,
    now: datetime,
    after: Attempt | None = None,
    beside: Sequence[Write] = (),
) -> Attempt:
    attempt = Attempt(
        intent=intent,
        psp=choice.route.psp,
        psp_account=choice.route.account,
        token=choice.route.token,
        rule=choice.route.rule,
        next_routes=[astuple(route) for route in choice.next_routes],
        is_probe=choice.is_probe,
        failed_over_from=after,
        captures_at_once=captures_at_once,
        state=AttemptState.SUBMITTED,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        submitted_at=now,
        # Until then the request that wrote this row is expected to be at it.
        next_check_at=now + timedelta(seconds=settings.IDEMPOTENCY_LEASE_SECONDS),
    )
    chart = opening_chart(book=intent.book, psp=choice.route.psp, currency=intent.currency)
    write_together(chart, insert(attempt), *beside)
    return attempt


def _processing_intent(charge: Charge, now: datetime) -> tuple[PaymentIntent, list[str]]:
    """Return the order's intent, saved, and what was read beside it: how circuits and routing rules stand."""
    intent = None if charge.is_first else lock_intent(order_reference=charge.order_reference)
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
    intent.captures_at_once = charge.captures_at_once
    intent.state = IntentState.PROCESSING
    intent.updated_at = now
    if is_new(intent):
        return intent, write_first_parts(intent=intent, parts=charge.parts, beside=STANDING)
    _, standing = write_together(save(intent), STANDING)
    write_parts(intent=intent, parts=charge.parts)
    return intent, standing
