"""What became of the payments of orders afterwards: refunds and disputes, for packages above."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from payments.models import Dispute, Refund
from payments.states import AttemptState


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A ``refund`` or a ``dispute``, in minor units of the payment's currency."""

    public_id: str
    kind: str
    amount_minor: int
    state: str
    reason: str
    created_at: datetime


def adjustments(*, order_references: Collection[str]) -> dict[str, list[Adjustment]]:
    """Return the refunds and disputes of each order's payment; not those of money that nobody owed us."""
    found: dict[str, list[Adjustment]] = defaultdict(list)
    columns = ("attempt__intent__order_reference", "public_id", "amount_minor", "state", "reason", "created_at")
    refunds = Refund.objects.exclude(attempt__state=AttemptState.SURPLUS)
    for kind, rows in (("refund", refunds), ("dispute", Dispute.objects.all())):
        own = rows.filter(attempt__intent__order_reference__in=order_references).order_by("pk")
        for reference, public_id, minor, state, reason, created_at in own.values_list(*columns):
            found[reference].append(Adjustment(public_id, kind, minor, state, reason, created_at))
    return found
