"""End the holds that are past their time."""

from datetime import datetime

from django_subatomic.db import transaction

from ledger import resolve
from ledger.errors import HoldRefused
from ledger.models import Hold


def expire_holds(*, now: datetime, limit: int) -> int:
    """Expire up to ``limit`` holds that were due at ``now``, each in a transaction of its own; return how many."""
    due = (
        Hold.objects.filter(ended_at=None, expires_at__lte=now)
        .order_by("expires_at")
        .values_list("pk", "transaction__book__code", "transaction__reference")[:limit]
    )
    expired = 0
    for hold_id, book, hold in due:
        try:
            with transaction():
                resolve.expire(book=book, hold=hold, reference=f"hold:{hold_id}:expired", effective_at=now)
        except HoldRefused:
            continue  # settled or voided since we looked
        expired += 1
    return expired
