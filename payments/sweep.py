"""Find what a PSP still owes us an answer about. The truth is in PostgreSQL: a lost message loses nothing."""

from datetime import datetime
from uuid import UUID

from payments.models import Attempt, Refund
from payments.states import CHECKED_ATTEMPT_STATES, AttemptState, RefundState


def due_attempts(*, now: datetime, limit: int) -> list[UUID]:
    """Return attempts whose outcome is to be looked up now, the longest waiting first."""
    due = Attempt.objects.filter(next_check_at__lte=now, state__in=CHECKED_ATTEMPT_STATES)
    return list(due.order_by("next_check_at").values_list("uuid", flat=True)[:limit])


def due_refunds(*, now: datetime, limit: int) -> list[UUID]:
    """Return refunds that are to be sent, or sent again, now."""
    due = Refund.objects.filter(next_check_at__lte=now, state=RefundState.PENDING)
    return list(due.order_by("next_check_at").values_list("uuid", flat=True)[:limit])


def open_attempts() -> int:
    """Return how many attempts the PSP owes us an answer about."""
    return Attempt.objects.filter(state__in=(AttemptState.SUBMITTED, AttemptState.UNKNOWN)).count()


def open_refunds() -> int:
    """Return how many refunds have not come to their end."""
    return Refund.objects.filter(state=RefundState.PENDING).count()
