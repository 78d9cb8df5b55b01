"""What a payment's outcome does to its checkout session: the ``committed`` step, or its compensation.

Runs inside the transaction that moves the payment intent, whoever opened it: the client's request, the webhook's
task or the sweeper. All three may race; the intent's row lock lets one through, and it also stores the response for
whoever asked. Order, stock, intent, ledger, outbox and response are one commit (docs/adr/0001).
"""

from datetime import datetime
from typing import Any

import structlog
from django_subatomic.db import transaction_required

from checkout.cart_use import free_cart, order_cart
from checkout.errors import LatePayment, OutOfStock, SessionRefused
from checkout.events import CONFIRMED, order_payload, order_publication
from checkout.locks import lock_cart_of, lock_paid_session
from checkout.models import CheckoutSession, Order, OrderLine, SessionLine
from checkout.models.priced import Priced, PricedLine, same
from checkout.redeem_discount import redeem, release_redemption
from checkout.representation import session_address, session_body
from checkout.states import PAYING_SESSION_STATES, RecoveryPoint, ReservationState, SessionState
from checkout.stock import commit_stock, release_stock
from exactly_once import keys
from exactly_once.errors import TallyError
from exactly_once.keys import StoredResponse
from exactly_once.public_ids import new_public_id
from exactly_once.responses import json_response, problem_response
from exactly_once.together import Write, insert, save, write_together
from ledger.money import Money
from payments.errors import PaymentDeclined
from payments.outcomes import IntentOutcome
from payments.refund import COMPENSATION, request_refund
from payments.states import IntentState
from payments.void import request_void

log = structlog.get_logger(__name__)


@transaction_required
def on_intent_outcome(outcome: IntentOutcome) -> None:
    """Bring the session in line with its payment."""
    found = lock_paid_session(session_id=outcome.order_reference)
    if found is None:
        return
    session, lines = found
    match outcome.state:
        # What is captured as it is shipped: the order is there since the payment was authorised.
        case IntentState.SUCCEEDED | IntentState.REQUIRES_CAPTURE if session.state == SessionState.COMPLETED:
            pass
        case IntentState.SUCCEEDED:
            _commit_or_compensate(session, lines, outcome)
        # Held to be captured as it is shipped; or for a cart that nobody pays for any more.
        case IntentState.REQUIRES_CAPTURE if not outcome.captures_at_once or session.state not in PAYING_SESSION_STATES:
            _commit_or_compensate(session, lines, outcome)
        # Canceled while somebody still pays: not by us, but at the PSP. Nothing will come of it, as after a decline.
        case IntentState.REQUIRES_PAYMENT_METHOD | IntentState.CANCELED if session.state in PAYING_SESSION_STATES:
            _reopen(session, outcome)
        # What the PSP reports is not what was asked for: from here on only its outcome ends the session.
        case IntentState.PROCESSING if session.state == SessionState.REQUIRES_ESCALATION:
            _move(session, SessionState.COMPLETE_IN_PROGRESS, RecoveryPoint.PAYMENT_SUBMITTED, outcome.now)
        case IntentState.REQUIRES_ACTION if session.state == SessionState.COMPLETE_IN_PROGRESS:
            _escalate(session, lines, outcome)


def _commit_or_compensate(session: CheckoutSession, lines: list[SessionLine], outcome: IntentOutcome) -> None:
    if session.state not in PAYING_SESSION_STATES:
        _compensate(session, outcome, why=f"session_{session.state}")
        return
    lock_cart_of(session=session)
    try:
        commit_stock(session=session, lines=lines, now=outcome.now)
    except (OutOfStock, LatePayment) as error:
        _compensate(session, outcome, why=error.code)
        return
    order, order_lines, response = _order(session, lines, outcome.intent_id, outcome.now)
    finishing = keys.finishing_subject(subject=session.public_id, response=response, now=outcome.now)
    *_, key_ids = _commit(session, order, order_lines, outcome.now, finishing)
    keys.note_finished(key_ids=key_ids, response=response)


@transaction_required
def give_away(*, session: CheckoutSession, lines: list[SessionLine], now: datetime) -> StoredResponse:
    """Commit the order of a session that costs nothing, whose stock is held; return the answer. No PSP hears of it."""
    # Another price may have been tried to be paid, and declined.
    request_void(order_reference=session.public_id, now=now)
    commit_stock(session=session, lines=lines, now=now)
    order, order_lines, response = _order(session, lines, None, now)
    _commit(session, order, order_lines, now)
    return response


def _order(
    session: CheckoutSession, lines: list[SessionLine], intent: str | None, now: datetime
) -> tuple[Order, list[OrderLine], StoredResponse]:
    """Make the session completed and its order, both to be saved, and the answer."""
    session.state, session.recovery_point, session.updated_at = SessionState.COMPLETED, RecoveryPoint.DONE, now
    order = Order(
        public_id=new_public_id("ord"),
        session=session,
        payment_intent=intent,
        client=session.client,
        customer=session.customer,
        buyer_email=session.buyer_email,
        buyer_name=session.buyer_name,
        created_at=now,
        **same(Priced, session),
    )
    order_lines = [OrderLine(**same(PricedLine, line)) for line in lines]
    body = session_body(session, lines, order)
    return order, order_lines, json_response(200, body, location=session_address(session.public_id))


def _commit(
    session: CheckoutSession, order: Order, order_lines: list[OrderLine], now: datetime, *beside: Write
) -> list[list[Any]]:
    """Write the order with what follows from it; return the keys of what was written, last that of ``beside``."""
    redeem(session=session, now=now)
    order_cart(session=session, now=now)
    log.info("order.confirmed", order=order.public_id, session=session.public_id, intent=order.payment_intent)
    return write_together(
        insert(order),
        insert(*order_lines, parent="order"),
        order_publication(order=order, type=CONFIRMED, payload=order_payload(order, order_lines), now=now),
        save(session, "state", "recovery_point", "updated_at", "purchase_hash", "submitted_at"),
        *beside,
    )


def _compensate(session: CheckoutSession, outcome: IntentOutcome, *, why: str) -> None:
    """Give back what came for a session that can no longer become an order, and tell whoever paid."""
    error = _give_back(session, outcome, why)
    if session.state in PAYING_SESSION_STATES:
        free_cart(session=session, now=outcome.now)
        release_redemption(session=session, now=outcome.now)
        release_stock(session=session, state=ReservationState.RELEASED, now=outcome.now)
        _move(session, SessionState.CANCELED, RecoveryPoint.DONE, outcome.now)
    else:
        session.save(update_fields=["compensation"])
    _answer(session, 409, error, outcome)
    log.warning("checkout.compensated", session=session.public_id, by=session.compensation, why=why)


def _give_back(session: CheckoutSession, outcome: IntentOutcome, why: str) -> SessionRefused:
    """Refund what was taken, or let go of what is only held, as the PSP says; return what to say of it."""
    if outcome.state != IntentState.SUCCEEDED:
        request_void(order_reference=session.public_id, now=outcome.now)
        session.compensation = "void"
        detail = "The payment came too late for this cart: it is let go of, and nothing is taken."
        return SessionRefused(code="payment_voided", detail=detail, extra={"reason": why})
    session.compensation = request_refund(
        order_reference=session.public_id,
        money=Money(session.total_minor, session.currency),
        reason=COMPENSATION,
        now=outcome.now,
    )
    detail = "The payment came too late for this cart: it is being refunded in full."
    return SessionRefused(code="payment_refunded", detail=detail, extra={"refund": session.compensation, "reason": why})


def _reopen(session: CheckoutSession, outcome: IntentOutcome) -> None:
    free_cart(session=session, now=outcome.now)
    release_redemption(session=session, now=outcome.now)
    release_stock(session=session, state=ReservationState.RELEASED, now=outcome.now)
    _move(session, SessionState.READY_FOR_COMPLETE, RecoveryPoint.STARTED, outcome.now)
    error = PaymentDeclined(
        code="payment_declined",
        detail="The payment was declined. Nothing was charged; another card may be tried.",
        extra={"decline_reason": outcome.decline_reason, "checkout_session": session.public_id},
    )
    _answer(session, 402, error, outcome)


def _escalate(session: CheckoutSession, lines: list[SessionLine], outcome: IntentOutcome) -> None:
    session.next_action_url = outcome.next_action_url
    _move(session, SessionState.REQUIRES_ESCALATION, RecoveryPoint.PAYMENT_SUBMITTED, outcome.now)
    body = session_body(session, lines)
    response = json_response(200, body, location=session_address(session.public_id))
    keys.finish_subject(subject=session.public_id, response=response, now=outcome.now)


def _move(session: CheckoutSession, state: SessionState, point: RecoveryPoint, now: datetime) -> None:
    session.state, session.recovery_point, session.updated_at = state, point, now
    session.save()


def _answer(session: CheckoutSession, status: int, error: TallyError, outcome: IntentOutcome) -> None:
    keys.finish_subject(subject=session.public_id, response=problem_response(status, error), now=outcome.now)
