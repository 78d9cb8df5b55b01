"""Pay an intent that a client made: the three phases of a charge, as one public verb.

1. One transaction: claim the key, record the attempt as submitted.
2. No transaction: ask the PSP.
3. One transaction: settle_attempt.py, which also stores the answer (:func:`answer_outcome`).

A crash after 1 leaves the key bound to the intent and the attempt ``submitted``. The client's retry, the PSP's webhook
and the sweeper each lead to 3; whichever comes first ends it for all.
"""

from collections.abc import Callable
from datetime import datetime

from django_subatomic.db import durable, transaction_required

from exactly_once import keys
from exactly_once.errors import Refused
from exactly_once.keys import Claim, KeyedRequest, StoredResponse
from exactly_once.responses import json_response, problem_response
from ledger.money import Money
from payments.begin_attempt import Begun, Charge, begin
from payments.create_intent import Method
from payments.errors import PaymentDeclined, PaymentRefused
from payments.locks import lock_intent
from payments.models import PaymentIntent
from payments.outcomes import IntentOutcome
from payments.part_rows import parts_of
from payments.pay_once import pay_once
from payments.queries import intent_for_client
from payments.representation import intent_address
from payments.routing import Token
from payments.states import IntentState

# The outcome comes by webhook or by our own asking, which takes seconds: to ask us more often brings nothing.
ASK_AGAIN_SECONDS = 2


@durable
def confirm_intent(
    *,
    keyed: KeyedRequest,
    intent_id: str,
    method: Method | None,
    now: datetime,
    refuse: Callable[[Refused], StoredResponse],
) -> StoredResponse:
    """Pay, and answer 200 with the intent, 402, 409, or 202 while the PSP's outcome is unknown.

    :param method: how to pay; None: as the intent says.
    :raises PaymentNotFound: ``payment_intent_not_found``.
    """
    intent_for_client(intent_id=intent_id, client=keyed.client)
    stored = pay_once(
        keyed=keyed,
        order_reference=intent_id,
        begin=lambda claim: _begin(claim, intent_id, method, now),
        refuse=refuse,
        now=now,
    )
    if stored is not None:
        return stored
    return json_response(
        202,
        intent_for_client(intent_id=intent_id, client=keyed.client),
        location=intent_address(intent_id),
        retry_after_seconds=ASK_AGAIN_SECONDS,
    )


def _begin(claim: Claim, intent_id: str, method: Method | None, now: datetime) -> Begun:
    intent = lock_intent(order_reference=intent_id)
    if intent is None:
        raise PaymentRefused(code="payment_canceled", detail=f"{intent_id} was canceled.")
    bound = keys.binding(claim=claim, subject=intent_id, recovery_point="payment_submitted")
    return begin(charge=_charge(intent, method), now=now, beside=[bound])


def _charge(intent: PaymentIntent, method: Method | None) -> Charge:
    method = method or Method(tuple(Token(*each) for each in intent.tokens), intent.country, intent.card_brand)
    if not method.tokens:
        raise PaymentRefused(
            code="payment_method_required", detail=f"{intent.public_id} does not say how it is to be paid."
        )
    return Charge(
        book=intent.book,
        client=intent.client,
        order_reference=intent.order_reference,
        money=Money(intent.amount_minor, intent.currency),
        description=intent.description,
        tokens=method.tokens,
        country=method.country,
        card_brand=method.card_brand,
        captures_at_once=intent.captures_at_once,
        parts=parts_of(intent),
    )


@transaction_required
def answer_outcome(outcome: IntentOutcome) -> None:
    """Store the answer for whoever confirmed the intent, in the transaction that moves it."""
    if outcome.order_reference != outcome.intent_id:
        return  # somebody above sells by this intent, and answers
    match outcome.state:
        case IntentState.REQUIRES_PAYMENT_METHOD | IntentState.CANCELED:
            error = PaymentDeclined(
                code="payment_declined",
                detail="The payment was declined. Nothing was charged; another card may be tried.",
                extra={"decline_reason": outcome.decline_reason, "payment_intent": outcome.intent_id},
            )
            response = problem_response(402, error)
        case IntentState.SUCCEEDED | IntentState.REQUIRES_CAPTURE | IntentState.REQUIRES_ACTION:
            body = intent_for_client(intent_id=outcome.intent_id, client=None)
            response = json_response(200, body, location=intent_address(outcome.intent_id))
        case _:
            return
    keys.finish_subject(subject=outcome.intent_id, response=response, now=outcome.now)
