"""Find what a PSP still owes us an answer about. The truth is in PostgreSQL: a lost message loses nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django_subatomic.db import transaction

from payments.models import Attempt, BreakRefund, Capture, Refund, SettlementLine, Void
from payments.states import (
    CHECKED_ATTEMPT_STATES,
    OPEN_REFUND_STATES,
    AttemptState,
    BreakResolution,
    CaptureState,
    LineState,
    VoidState,
)

# What is open for days is asked about once in so long; a person looks at it by then (payments/verify.py).
LONGEST_WAIT = timedelta(hours=1)


def next_check_at(*, since: datetime, now: datetime) -> datetime:
    """Return when to ask again about what has been open ``since``: after a tenth of its age."""
    return now + min(max((now - since) / 10, timedelta(seconds=settings.ATTEMPT_CHECK_SECONDS)), LONGEST_WAIT)


def due_attempts(*, now: datetime, limit: int) -> list[UUID]:
    """Return attempts whose outcome is to be looked up now, the longest waiting first."""
    due = Attempt.objects.filter(next_check_at__lte=now, state__in=CHECKED_ATTEMPT_STATES)
    return list(due.order_by("next_check_at").values_list("uuid", flat=True)[:limit])


def due_captures(*, now: datetime, limit: int) -> list[UUID]:
    """Return captures that are to be sent, or looked at, now."""
    due = Capture.objects.filter(next_check_at__lte=now, state=CaptureState.PENDING)
    return list(due.order_by("next_check_at").values_list("uuid", flat=True)[:limit])


def due_refunds(*, now: datetime, limit: int) -> list[UUID]:
    """Return refunds that are to be sent, or sent again, now."""
    due = Refund.objects.filter(next_check_at__lte=now, state__in=OPEN_REFUND_STATES)
    return list(due.order_by("next_check_at").values_list("uuid", flat=True)[:limit])


def due_lines(*, limit: int, besides: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Return settlement lines to compare with what we know, and how often that was tried: the least often first.

    New ones, and those whose break has been replaced because the PSP says something else by now.
    """
    replaced = SettlementLine.objects.filter(finding__resolution=BreakResolution.SUPERSEDED)
    rows = [
        *replaced.values_list("pk", "checks")[:limit],
        *SettlementLine.objects.filter(state=LineState.NEW)
        .exclude(pk__in=besides)
        .order_by("checks", "occurred_at", "pk")
        .values_list("pk", "checks")[:limit],
    ]
    return rows[:limit]


def due_break_refunds(*, now: datetime, limit: int) -> list[UUID]:
    """Return refunds of what breaks hold that are to be sent, or sent again, now."""
    due = BreakRefund.objects.filter(next_check_at__lte=now, state__in=OPEN_REFUND_STATES)
    return list(due.order_by("next_check_at").values_list("uuid", flat=True)[:limit])


@transaction
def claim_line(*, line_pk: int, checks: int) -> bool:
    """Take a due settlement line: of two that found it, one has it, and what fails again and again comes last."""
    return SettlementLine.objects.filter(pk=line_pk, checks=checks).update(checks=F("checks") + 1) == 1


@transaction
def claim_attempt(*, attempt_uuid: UUID, now: datetime) -> bool:
    """Take a due attempt by moving its due time: a message that comes twice, or late, finds nothing to do."""
    row = Attempt.objects.get(uuid=attempt_uuid)
    due = Attempt.objects.filter(pk=row.pk, next_check_at__lte=now, state__in=CHECKED_ATTEMPT_STATES)
    return due.update(next_check_at=next_check_at(since=row.submitted_at, now=now)) == 1


@transaction
def claim_capture(*, capture_uuid: UUID, now: datetime) -> bool:
    """Take a due capture, as :func:`claim_attempt` does."""
    row = Capture.objects.get(uuid=capture_uuid)
    due = Capture.objects.filter(pk=row.pk, next_check_at__lte=now, state=CaptureState.PENDING)
    return due.update(next_check_at=next_check_at(since=row.created_at, now=now)) == 1


@transaction
def claim_refund(*, refund_uuid: UUID, now: datetime) -> bool:
    """Take a due refund, as :func:`claim_attempt` does."""
    row = Refund.objects.get(uuid=refund_uuid)
    due = Refund.objects.filter(pk=row.pk, next_check_at__lte=now, state__in=OPEN_REFUND_STATES)
    return due.update(next_check_at=next_check_at(since=row.created_at, now=now)) == 1


@transaction
def claim_break_refund(*, refund_uuid: UUID, now: datetime) -> bool:
    """Take a due refund of what a break holds, as :func:`claim_attempt` does."""
    row = BreakRefund.objects.get(uuid=refund_uuid)
    due = BreakRefund.objects.filter(pk=row.pk, next_check_at__lte=now, state__in=OPEN_REFUND_STATES)
    return due.update(next_check_at=next_check_at(since=row.created_at, now=now)) == 1


def open_attempts() -> int:
    """Return how many attempts the PSP owes us an answer about, or has still to be told to void."""
    unknown = Q(state__in=(AttemptState.SUBMITTED, AttemptState.UNKNOWN))
    pending_void = Void.objects.filter(attempt=OuterRef("pk"), state=VoidState.PENDING)
    to_void = Q(state__in=CHECKED_ATTEMPT_STATES) & Exists(pending_void)
    return Attempt.objects.filter(unknown | to_void).count()


def open_captures() -> int:
    """Return how many captures have not come to their end."""
    return Capture.objects.filter(state=CaptureState.PENDING).count()


def open_refunds() -> int:
    """Return how many refunds have not come to their end."""
    rows = (Refund, BreakRefund)
    return sum(each.objects.filter(state__in=OPEN_REFUND_STATES).count() for each in rows)
