"""What a piece of news means for an attempt, in whatever order it came. Reads only."""

from datetime import datetime

from ledger.money import Money
from payments.errors import PaymentRefused
from payments.models import Attempt
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    Declined,
    Expired,
    NotSent,
    RequiresAction,
    Unknown,
    Voided,
)
from payments.resolve_break import has_money_in_suspense
from payments.state_machines import Step, step
from payments.states import AttemptState, CaptureState

type AttemptNews = AuthorizeOutcome | Voided | Expired

_STATE_OF: dict[type[object], AttemptState] = {
    RequiresAction: AttemptState.REQUIRES_ACTION,
    Declined: AttemptState.DECLINED,
    NotSent: AttemptState.FAILED_NOT_SENT,
    Voided: AttemptState.VOIDED,
    Expired: AttemptState.EXPIRED,
    Unknown: AttemptState.UNKNOWN,
}


def judge(attempt: Attempt, outcome: AttemptNews) -> Step:
    """Say what the news means, before it is asked how far it is to be believed.

    News of another amount than a payment that is settled is never stale: somebody's money would be passed over.

    :raises PaymentRefused: ``contradictory_outcome``: it is about another payment at the PSP.
    """
    if attempt.psp_reference is not None and reference_of(outcome) not in (None, attempt.psp_reference):
        raise contradiction(attempt, outcome)
    verdict = step(current=AttemptState(attempt.state), news=state_of(outcome))
    if verdict is Step.APPLY and _is_passed(attempt, outcome):
        return Step.STALE
    return Step.CONTRADICTION if verdict is Step.STALE and is_of_another_amount(attempt, outcome) else verdict


def _is_passed(attempt: Attempt, outcome: AttemptNews) -> bool:
    """Whether it tells of a part that we know of, or of less than the taking that we know of and cannot explain."""
    known = Money(attempt.captured_minor, attempt.currency)
    if isinstance(outcome, Approved) and outcome.captured:
        return bool(attempt.captured_minor) and outcome.money == known
    return attempt.state == AttemptState.UNKNOWN and has_money_in_suspense(attempt=attempt)


def state_of(outcome: AttemptNews) -> AttemptState:
    """Return the state that the news is of."""
    if isinstance(outcome, Approved):
        return AttemptState.CAPTURED if outcome.captured else AttemptState.AUTHORIZED
    return _STATE_OF[type(outcome)]


def is_of_another_amount(attempt: Attempt, outcome: AttemptNews) -> bool:
    """Whether the PSP approved something else than what we asked for, or took something else than we know of."""
    if not isinstance(outcome, Approved):
        return False
    least, most = believable(attempt, captured=outcome.captured)
    return outcome.money.currency != attempt.currency or not least <= outcome.money.amount_minor <= most


def believable(attempt: Attempt, *, captured: bool) -> tuple[int, int]:
    """Return between which sums the PSP may hold, or have taken, for this attempt."""
    amount, taken = attempt.amount_minor, attempt.captured_minor
    if not captured:
        # Of a hold that we know of, some PSPs report what is left.
        return (amount if attempt.authorized_at is None else 0, amount)
    if attempt.state == AttemptState.CAPTURED:
        return taken, taken
    if attempt.captures_at_once:
        return amount, amount
    pending = attempt.captures.filter(state=CaptureState.PENDING).first()
    return (taken, amount) if pending is None else (taken + pending.amount_minor, taken + pending.amount_minor)


def reference_of(outcome: AttemptNews) -> str | None:
    """Return the PSP's word for the payment, where the news has it."""
    return None if isinstance(outcome, NotSent | Unknown) else outcome.psp_reference


def expires_at_of(outcome: AttemptNews) -> datetime | None:
    """Return until when what is held can be captured, where the news is of that and says so."""
    return outcome.expires_at if isinstance(outcome, Approved) and not outcome.captured else None


def contradiction(attempt: Attempt, outcome: AttemptNews) -> PaymentRefused:
    """Return the refusal of news that people must look at."""
    return PaymentRefused(
        code="contradictory_outcome",
        detail=f"Attempt {attempt.uuid} is {attempt.state} by {attempt.psp_reference}, yet the PSP reports {outcome}.",
    )
