"""Tidy up after buyers who did not come back. Expiry is checked at use; this only frees what they left."""

from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef, Q
from django_subatomic.db import transaction

from checkout.cancel_session import close_session
from checkout.locks import lock_session
from checkout.models import CheckoutSession, Reservation
from checkout.states import OPEN_SESSION_STATES, ReservationState, SessionState
from checkout.stock import release_stock

log = structlog.get_logger(__name__)


def due_sessions(*, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Return (session, client) of sessions past their time, or whose 3-D Secure question outlived its stock.

    Units may be back on the shelf already: the question came after a time in which nobody knew how the payment stood.
    """
    held = Reservation.objects.filter(session=OuterRef("pk"), state=ReservationState.HELD, expires_at__gt=now)
    overdue = Q(state__in=OPEN_SESSION_STATES, expires_at__lte=now) | (
        Q(state=SessionState.REQUIRES_ESCALATION) & ~Exists(held)
    )
    return list(CheckoutSession.objects.filter(overdue).order_by("pk").values_list("public_id", "client")[:limit])


def due_holds(*, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Return (session, client) of sessions that wait for a PSP's word longer than stock is held for them."""
    late = Reservation.objects.filter(
        state=ReservationState.HELD, expires_at__lte=now, session__state=SessionState.COMPLETE_IN_PROGRESS
    )
    rows = late.order_by("session_id").values_list("session__public_id", "session__client").distinct()
    return list(rows[:limit])


@transaction
def expire_session(*, session_id: str, client: str, now: datetime) -> bool:
    """End a session that is overdue; return whether it still was.

    Since it was listed its buyer may have paid anew, and be before the bank's question with a fresh hold.
    """
    session = lock_session(session_id=session_id, client=client)
    overdue = session.expires_at <= now and session.state in OPEN_SESSION_STATES
    abandoned = session.state == SessionState.REQUIRES_ESCALATION and not _holds_on(session, now)
    if not (overdue or abandoned):
        return False
    close_session(session, SessionState.EXPIRED, ReservationState.EXPIRED, now)
    log.info("checkout.session_expired", session=session_id)
    return True


@transaction
def expire_hold(*, session_id: str, client: str, now: datetime) -> None:
    """Put units back on the shelf whose payment is unknown for too long. A late yes takes them again or is refunded."""
    session = lock_session(session_id=session_id, client=client)
    if session.state == SessionState.COMPLETE_IN_PROGRESS and not _holds_on(session, now):
        release_stock(session=session, state=ReservationState.EXPIRED, now=now)
        log.warning("checkout.hold_expired", session=session_id)


def _holds_on(session: CheckoutSession, now: datetime) -> bool:
    """Whether the session's stock is held for longer still."""
    return session.reservations.filter(state=ReservationState.HELD, expires_at__gt=now).exists()
