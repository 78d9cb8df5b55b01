"""Walk away from a session: its stock goes back, its open authorisation is let go."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from checkout.cart_use import free_cart
from checkout.errors import SessionBusy, SessionRefused
from checkout.locks import lock_session
from checkout.models import CheckoutSession
from checkout.queries import session_for_client
from checkout.redeem_discount import release_redemption
from checkout.representation import Json, session_body
from checkout.states import OPEN_SESSION_STATES, PAYING_SESSION_STATES, RecoveryPoint, ReservationState, SessionState
from checkout.stock import release_stock
from exactly_once.versions import ANY_VERSION, Expected
from payments.void import request_void

log = structlog.get_logger(__name__)


@transaction_required
def cancel_session(*, session_id: str, client: str, now: datetime, expected: Expected = ANY_VERSION) -> Json:
    """Cancel, and return the session as clients see it.

    Where the buyer was sent away for 3-D Secure, the sweeper voids the payment; should it succeed all the same, it
    is refunded.

    :raises CheckoutNotFound: no such session.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises SessionBusy: the PSP is being asked right now; its answer decides.
    :raises SessionRefused: ``session_completed``, ``session_canceled``, ``session_expired``.
    """
    session = lock_session(session_id=session_id, client=client)
    expected.require(lambda: session_for_client(session_id=session_id, client=client, now=now))
    if session.state == SessionState.COMPLETE_IN_PROGRESS:
        raise SessionBusy(code="session_in_progress", detail="A payment for this session is under way.")
    if session.state not in (*OPEN_SESSION_STATES, SessionState.REQUIRES_ESCALATION):
        raise SessionRefused(
            code=f"session_{session.state}", detail=f"The session is {session.state}: there is nothing to cancel."
        )
    close_session(session, SessionState.CANCELED, ReservationState.RELEASED, now)
    log.info("checkout.session_canceled", session=session.public_id)
    return session_body(session, list(session.lines.order_by("pk")))


@transaction_required
def close_session(
    session: CheckoutSession, state: SessionState, reservation_state: ReservationState, now: datetime
) -> None:
    """End a locked session without an order."""
    request_void(order_reference=session.public_id, now=now)
    if session.state in PAYING_SESSION_STATES:
        free_cart(session=session, now=now)
    release_redemption(session=session, now=now)
    release_stock(session=session, state=reservation_state, now=now)
    session.state, session.recovery_point, session.updated_at = state, RecoveryPoint.DONE, now
    session.save(update_fields=["state", "recovery_point", "updated_at"])
