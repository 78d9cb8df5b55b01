"""Have a PSP asked now what became of attempts, instead of when that is due. The worker asks; nobody waits for it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django_subatomic.db import transaction

from exactly_once.wake import wake
from payments.models import Attempt
from payments.states import AttemptState


def ask_again(*, attempt_uuids: Collection[UUID], now: datetime) -> list[UUID]:
    """Make the attempts due that nobody knows the outcome of, and wake a worker for each; return which those are.

    However often it is asked for, and by whomever: an attempt that is due is claimed once, and the same PSP key makes
    asking twice harmless.
    """
    due = _make_due(attempt_uuids, now)
    for uuid in due:
        wake("payments.check_attempt", str(uuid))
    return due


@transaction
def _make_due(attempt_uuids: Collection[UUID], now: datetime) -> list[UUID]:
    unknown = Attempt.objects.filter(uuid__in=attempt_uuids, state=AttemptState.UNKNOWN)
    due = list(unknown.select_for_update(no_key=True).order_by("pk").values_list("uuid", flat=True))
    Attempt.objects.filter(uuid__in=due).update(next_check_at=now)
    return due
