"""A PSP that approved another amount or currency than we asked for: kept for people, never absorbed."""

from datetime import datetime

import structlog
from django.db.models import Case, F, Sum, When
from django.db.models.functions import Coalesce
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.models import Attempt, Break
from payments.open_break import Finding, known_break, open_break
from payments.overtake_decision import applied_decision
from payments.promise_break_refund import OF_PAYMENT
from payments.psp.outcomes import Approved
from payments.resolve_break import OF_ITS_SUM, end_breaks_of
from payments.states import SETTLED_APART, BreakKind, BreakResolution

log = structlog.get_logger(__name__)


@transaction_required
def report_mismatch(*, attempt: Attempt, approved: Approved, now: datetime) -> bool:
    """Open a break about it; what the PSP took beyond (or short of) what is booked stands in suspense meanwhile.

    What it said before of this attempt is superseded. The caller has locked the attempt. Return whether it is news.
    """
    asked = Money(attempt.amount_minor, attempt.currency)
    log.error("payment.amount_mismatch", attempt=str(attempt.uuid), asked=str(asked), reported=str(approved.money))
    finding = mismatch_of(
        attempt=attempt, approved=approved, apart_minor=settled_apart(attempt=attempt, currency=approved.money.currency)
    )
    if known_break(finding=finding) is not None:
        return False
    reason = f"the PSP now reports {approved.money}"
    end_breaks_of(attempt=attempt, resolution=BreakResolution.SUPERSEDED, reason=reason, now=now)
    open_break(finding=finding, now=now)
    return True


def settled_apart(*, attempt: Attempt, currency: str) -> int:
    """Return how much more the PSP took for an attempt, and the books have as something else than its capture.

    That is what its breaks held until they were written off, corrected or refunded; below zero: less.
    """
    signed = Case(When(received=True, then="amount_minor"), default=-F("amount_minor"))
    of_its_sum = Break.objects.filter(attempt=attempt, kind__in=OF_ITS_SUM, in_suspense=True, currency=currency)
    total = of_its_sum.filter(resolution__in=SETTLED_APART).aggregate(total=Coalesce(Sum(signed), 0))
    return int(total["total"])


def mismatch_of(*, attempt: Attempt, approved: Approved, apart_minor: int = 0) -> Finding:
    """Return what does not fit: the sum that the PSP approved, and what we asked for and booked.

    :param apart_minor: what :func:`settled_apart` says.
    """
    same_currency = approved.money.currency == attempt.currency
    booked_minor = apart_minor + (attempt.captured_minor if same_currency else 0)
    apart = f" and {Money(apart_minor, approved.money.currency)} apart" if apart_minor else ""
    beyond_minor = approved.money.amount_minor - booked_minor if approved.captured else approved.money.amount_minor
    done = "captured" if approved.captured else "held"
    return Finding(
        kind=BreakKind.AMOUNT_MISMATCH if same_currency else BreakKind.CURRENCY_MISMATCH,
        book=attempt.intent.book,
        psp=attempt.psp,
        psp_account=attempt.psp_account,
        subject=f"{OF_PAYMENT}{approved.psp_reference}:{done}:{approved.money}{_since(attempt)}",
        money=Money(abs(beyond_minor), approved.money.currency),
        received=beyond_minor >= 0,
        in_suspense=approved.captured and beyond_minor != 0,
        detail=f"Asked {Money(attempt.amount_minor, attempt.currency)}, booked "
        f"{Money(attempt.captured_minor, attempt.currency)}{apart}; the PSP reports {approved.money} {done}.",
        psp_reference=approved.psp_reference,
        attempt_pk=attempt.pk,
    )


def _since(attempt: Attempt) -> str:
    """Return what makes news that people have decided about other news when it comes again: the decision."""
    decided = applied_decision(attempt=attempt)
    return "" if decided is None else f":after:{decided.public_id}"
