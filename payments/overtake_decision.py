"""What news from a PSP does to people's decisions: it overtakes what is proposed, and may deny what was applied."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.judge_news import AttemptNews, reference_of, state_of
from payments.models import Attempt, Decision
from payments.open_break import Finding, open_break
from payments.psp.outcomes import Approved
from payments.states import AttemptState, BreakKind, DecisionState

log = structlog.get_logger(__name__)

A = AttemptState

_NO_MONEY = (A.DECLINED, A.VOIDED, A.EXPIRED)


@transaction_required
def overtake_decision(*, attempt: Attempt, now: datetime) -> None:
    """Close what is proposed about an attempt that the caller has locked: people looked at older evidence."""
    proposed = Decision.objects.filter(attempt=attempt, state=DecisionState.PROPOSED)
    note = f"The PSP has told something new; the attempt is {attempt.state}."
    if proposed.update(state=DecisionState.OVERTAKEN, closed_at=now, note=note):
        log.warning("decision.overtaken", attempt=str(attempt.uuid), state=str(attempt.state))


def applied_decision(*, attempt: Attempt) -> Decision | None:
    """Return the last decision by which the attempt was settled, if any."""
    return Decision.objects.filter(attempt=attempt, state=DecisionState.APPLIED).order_by("pk").last()


def denies_decision(*, attempt: Attempt, news: AttemptNews) -> bool:
    """Whether the news would deny a decision about money, had the attempt come to its state by one.

    Without a decision it is older news of a payment that went on, or of another payment.
    """
    if attempt.state not in (A.CAPTURED, A.AUTHORIZED) or isinstance(news, Approved):
        return False
    of_another = attempt.psp_reference is not None and reference_of(news) not in (None, attempt.psp_reference)
    goes_on = attempt.state == A.AUTHORIZED and state_of(news) in (A.VOIDED, A.EXPIRED)
    return of_another or (state_of(news) in _NO_MONEY and not goes_on)


@transaction_required
def report_denial(*, attempt: Attempt, news: AttemptNews, now: datetime) -> bool:
    """Open a break where the attempt stands as two people decided, and the PSP denies it; return whether it does."""
    decided = applied_decision(attempt=attempt)
    if decided is None or decided.outcome != attempt.state:
        return False
    told = news.money if isinstance(news, Approved) else None
    finding = Finding(
        kind=BreakKind.CONTRADICTION,
        book=attempt.intent.book,
        psp=attempt.psp,
        psp_account=attempt.psp_account,
        subject=f"decision:{decided.public_id}:{state_of(news)}:{reference_of(news)}:{told}",
        money=told or Money(attempt.amount_minor, attempt.currency),
        received=told is not None,
        in_suspense=False,  # what moved in surplus is booked as such
        detail=f"{decided.proposed_by} and {decided.closed_by} decided {decided.outcome}; the PSP reports {news}.",
        psp_reference=reference_of(news) or "",
        attempt_pk=attempt.pk,
    )
    open_break(finding=finding, now=now)
    return True
