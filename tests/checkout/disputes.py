"""News of disputes about the one payment that a test has."""

from datetime import datetime

from django_subatomic.db import transaction

from ledger.money import Money
from payments.dispute import settle_dispute
from payments.models import Attempt, Refund
from payments.psp.news import DisputeEvent
from payments.psp.outcomes import RefundFailed
from payments.settle_refund import settle_refund
from payments.states import UNPAID_REFUND_STATES, DisputeState
from tests.factories import NOW

# What two mugs of the taxed shop come to, in cents.
TWO_MUGS = 2 * 1290 + 490


def dispute(state: DisputeState, minor: int, *, reference: str = "du_1", now: datetime = NOW) -> None:
    """Have the PSP say how a dispute stands."""
    attempt = Attempt.objects.get()
    event = DisputeEvent(reference, str(attempt.psp_reference), state, Money(minor, "EUR"), reason="x")
    with transaction():
        settle_dispute(attempt=attempt, event=event, now=now)


def send_back(*, reference: str | None = None) -> None:
    """Have the buyer's bank send the one refund back that there is."""
    refund = Attempt.objects.get().refunds.exclude(state__in=["failed", "canceled"]).get()
    with transaction():
        settle_refund(
            refund_uuid=refund.uuid, outcome=RefundFailed(refund.psp_reference or reference, reason="closed"), now=NOW
        )


def paid_back() -> int:
    """Return what refunds pay back."""
    live = Refund.objects.exclude(state__in=[str(state) for state in UNPAID_REFUND_STATES])
    return sum(live.values_list("amount_minor", flat=True))
