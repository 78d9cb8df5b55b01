"""What a payment's outcome does to its checkout session: the ``committed`` step, or its compensation.

Runs inside the transaction that moves the payment intent, whoever opened it: the client's request, the webhook's
task or the sweeper. All three may race; the intent's row lock lets one through, and it also stores the response for
whoever asked. Order, stock, intent, ledger, outbox and response are one commit (docs/adr/0001).
"""

import structlog
from django_subatomic.db import savepoint, transaction_required

from checkout.errors import OutOfStock
from checkout.events import order_payload
from checkout.locks import lock_paid_session
from checkout.models import CheckoutSession, Order, OrderLine, SessionLine
from checkout.representation import session_address, session_body
from checkout.states import PAYING_SESSION_STATES, RecoveryPoint, ReservationState, SessionState
from checkout.stock import commit_stock, release_stock
from exactly_once import keys, outbox
from exactly_once.errors import TallyError
from exactly_once.public_ids import new_public_id
from exactly_once.responses import json_response, problem_response
from ledger.money import Money
from payments.errors import PaymentDeclined
from payments.outcomes import IntentOutcome
from payments.refund import COMPENSATION, request_refund
from payments.states import IntentState

log = structlog.get_logger(__name__)


@transaction_required
def on_intent_outcome(outcome: IntentOutcome) -> None:
    """Bring the session in line with its payment."""
    session = lock_paid_session(session_id=outcome.order_reference)
    if session is None:
        return
    match outcome.state:
        case IntentState.SUCCEEDED:
            _commit_or_compensate(session, outcome)
        # Canceled while somebody still pays: not by us, but at the PSP. Nothing will come of it, as after a decline.
        case IntentState.REQUIRES_PAYMENT_METHOD | IntentState.CANCELED if session.state in PAYING_SESSION_STATES:
            _reopen(session, outcome)
        # What the PSP reports is not what was asked for: from here on only its outcome ends the session.
        case IntentState.PROCESSING if session.state == SessionState.REQUIRES_ESCALATION:
            _move(session, SessionState.COMPLETE_IN_PROGRESS, RecoveryPoint.PAYMENT_SUBMITTED, outcome)
        case IntentState.REQUIRES_ACTION if session.state == SessionState.COMPLETE_IN_PROGRESS:
            _escalate(session, outcome)


def _commit_or_compensate(session: CheckoutSession, outcome: IntentOutcome) -> None:
    if session.state not in PAYING_SESSION_STATES:
        _compensate(session, outcome, why=f"session_{session.state}")
        return
    lines = list(session.lines.order_by("pk"))
    try:
        with savepoint():
            commit_stock(session=session, lines=lines, now=outcome.now)
    except OutOfStock as error:
        _compensate(session, outcome, why=error.code)
        return
    order = _write_order(session, lines, outcome)
    _move(session, SessionState.COMPLETED, RecoveryPoint.DONE, outcome)
    body = session_body(session, lines, order)
    response = json_response(200, body, location=session_address(session.public_id))
    keys.finish_subject(subject=session.public_id, response=response, now=outcome.now)
    log.info("order.confirmed", order=order.public_id, session=session.public_id, intent=outcome.intent_id)


def _write_order(session: CheckoutSession, lines: list[SessionLine], outcome: IntentOutcome) -> Order:
    order = Order.objects.create(
        public_id=new_public_id("ord"),
        session=session,
        payment_intent=outcome.intent_id,
        client=session.client,
        buyer_email=session.buyer_email,
        buyer_name=session.buyer_name,
        currency=session.currency,
        total_minor=session.total_minor,
        created_at=outcome.now,
    )
    order_lines = OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            variant_id=line.variant_id,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_amount_minor=line.unit_amount_minor,
        )
        for line in lines
    )
    outbox.publish(
        aggregatetype="order",
        aggregateid=order.public_id,
        type="order.confirmed",
        payload=order_payload(order, order_lines),
        now=outcome.now,
    )
    return order


def _compensate(session: CheckoutSession, outcome: IntentOutcome, *, why: str) -> None:
    """Pay back money that came for a session that can no longer become an order."""
    refund_id = request_refund(
        order_reference=session.public_id,
        money=Money(session.total_minor, session.currency),
        reason=COMPENSATION,
        now=outcome.now,
    )
    session.compensation = refund_id
    if session.state in PAYING_SESSION_STATES:
        release_stock(session=session, state=ReservationState.RELEASED, now=outcome.now)
        _move(session, SessionState.CANCELED, RecoveryPoint.DONE, outcome)
    else:
        session.save(update_fields=["compensation"])
    error = OutOfStock(
        code="payment_refunded",
        detail="The payment came too late for this cart: it is being refunded in full.",
        extra={"refund": refund_id},
    )
    _answer(session, 409, error, outcome)
    log.warning("checkout.compensated", session=session.public_id, refund=refund_id, why=why)


def _reopen(session: CheckoutSession, outcome: IntentOutcome) -> None:
    release_stock(session=session, state=ReservationState.RELEASED, now=outcome.now)
    _move(session, SessionState.READY_FOR_COMPLETE, RecoveryPoint.STARTED, outcome)
    error = PaymentDeclined(
        code="payment_declined",
        detail="The payment was declined. Nothing was charged; another card may be tried.",
        extra={"decline_reason": outcome.decline_reason, "checkout_session": session.public_id},
    )
    _answer(session, 402, error, outcome)


def _escalate(session: CheckoutSession, outcome: IntentOutcome) -> None:
    session.next_action_url = outcome.next_action_url
    _move(session, SessionState.REQUIRES_ESCALATION, RecoveryPoint.PAYMENT_SUBMITTED, outcome)
    body = session_body(session, list(session.lines.order_by("pk")))
    response = json_response(200, body, location=session_address(session.public_id))
    keys.finish_subject(subject=session.public_id, response=response, now=outcome.now)


def _move(session: CheckoutSession, state: SessionState, point: RecoveryPoint, outcome: IntentOutcome) -> None:
    session.state, session.recovery_point, session.updated_at = state, point, outcome.now
    session.save()


def _answer(session: CheckoutSession, status: int, error: TallyError, outcome: IntentOutcome) -> None:
    keys.finish_subject(subject=session.public_id, response=problem_response(status, error), now=outcome.now)
