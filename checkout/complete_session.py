"""Pay for a session: the three phases of the saga, as one public verb.

1. One transaction: claim the key, hold the stock, record the attempt as submitted.
2. No transaction: ask the PSP.
3. One transaction: checkout/saga.py.

A crash after 1 leaves the key bound to the session and the attempt ``submitted``. The client's retry, the PSP's
webhook and the sweeper each lead to 3; whichever comes first ends it for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django_subatomic.db import durable

from checkout.cart_use import claim_cart, pay_cart
from checkout.confirm_price import confirm_price
from checkout.errors import SessionBusy, SessionRefused
from checkout.locks import lock_session
from checkout.models import CheckoutSession
from checkout.payment_parts import parts_of
from checkout.purchase_window import hold_purchase
from checkout.queries import session_for_client
from checkout.representation import session_address
from checkout.saga import give_away
from checkout.states import RecoveryPoint, SessionState
from exactly_once import keys
from exactly_once.errors import Refused
from exactly_once.keys import Claim, KeyedRequest, StoredResponse
from exactly_once.responses import json_response, problem_response
from exactly_once.together import save
from exactly_once.versions import ANY_VERSION, Expected
from ledger.money import Money
from payments.begin_attempt import Begun, Charge, begin
from payments.create_intent import Method
from payments.pay_once import pay_once

# The outcome comes by webhook or by our own asking, which takes seconds: to ask us more often brings nothing.
ASK_AGAIN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Payment:
    """How the buyer pays; what costs nothing needs no ``method``.

    ``not_duplicate_of``: the earlier session with the same purchase that the client knows of. ``expected``: the version
    of the session that the buyer has seen.
    """

    method: Method | None
    not_duplicate_of: str | None = None
    expected: Expected = ANY_VERSION


@durable
def complete_session(
    *,
    keyed: KeyedRequest,
    session_id: str,
    payment: Payment,
    now: datetime,
    refuse: Callable[[Refused], StoredResponse],
) -> StoredResponse:
    """Pay, and answer 200 with the order, 402, 409, or 202 while the PSP's outcome is unknown.

    :raises CheckoutNotFound: no such session.
    :raises PreconditionFailed: it is not what the client has seen; asked by the first request with this key alone.
    :raises SessionBusy: another request is paying right now.
    """
    stored = pay_once(
        keyed=keyed,
        order_reference=session_id,
        begin=lambda claim: _begin(claim, keyed.client, session_id, payment, now),
        refuse=refuse,
        now=now,
    )
    if stored is not None:
        return stored
    return json_response(
        202,
        session_for_client(session_id=session_id, client=keyed.client, now=now),
        location=session_address(session_id),
        retry_after_seconds=ASK_AGAIN_SECONDS,
    )


def _begin(claim: Claim, client: str, session_id: str, payment: Payment, now: datetime) -> StoredResponse | Begun:
    session = lock_session(session_id=session_id, client=client)
    payment.expected.require(lambda: session_for_client(session_id=session_id, client=client, now=now))
    _check_ready(session, now)
    cart = claim_cart(session=session, now=now)
    lines, changed = confirm_price(session=session, now=now)
    if changed is not None:
        # No refusal that undoes all: the session is to show what has changed.
        return problem_response(409, changed)
    if cart is not None:
        pay_cart(cart=cart, now=now)
    is_first = session.submitted_at is None
    hold_purchase(session=session, lines=lines, not_duplicate_of=payment.not_duplicate_of, now=now)
    session.state = SessionState.COMPLETE_IN_PROGRESS
    if session.total_minor == 0:
        return give_away(session=session, lines=lines, now=now)
    method = _require(payment.method)
    charge_now = Charge(
        book=session.book,
        client=client,
        order_reference=session.public_id,
        money=Money(session.total_minor, session.currency),
        description=f"Checkout {session.public_id}",
        tokens=method.tokens,
        country=method.country or session.shipping_address.get("country", ""),
        card_brand=method.card_brand,
        captures_at_once=not settings.SHOP_CAPTURES_AT_SHIPPING,
        parts=parts_of(session=session, lines=lines),
        is_first=is_first,
    )
    session.recovery_point = RecoveryPoint.PAYMENT_SUBMITTED
    session.updated_at = now
    bound = keys.binding(claim=claim, subject=session.public_id, recovery_point=RecoveryPoint.PAYMENT_SUBMITTED)
    saved = save(session, "state", "recovery_point", "updated_at", "purchase_hash", "submitted_at")
    return begin(charge=charge_now, now=now, beside=[saved, bound])


def _require(method: Method | None) -> Method:
    if method is None:
        raise SessionRefused(code="payment_required", detail="This costs something: say in payment how it is paid.")
    return method


def _check_ready(session: CheckoutSession, now: datetime) -> None:
    match session.state:
        case SessionState.READY_FOR_COMPLETE if session.expires_at > now:
            return
        case SessionState.COMPLETE_IN_PROGRESS:
            raise SessionBusy(code="session_in_progress", detail="A payment for this session is under way.")
        case SessionState.INCOMPLETE:
            raise SessionRefused(
                code="session_incomplete",
                detail="Something is missing before it can be paid: buyer.email, or what the session's messages say.",
            )
    raise SessionRefused(
        code=f"session_{session.state}" if session.expires_at > now else "session_expired",
        detail=f"The session is {session.state}; it cannot be paid.",
    )
