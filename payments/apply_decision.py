"""Agree with a proposed decision, as another person, and settle the attempt by it."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.errors import PaymentRefused
from payments.judge_news import AttemptNews
from payments.locks import lock_decision
from payments.models import Decision
from payments.propose_decision import Claim, check_claim
from payments.psp.outcomes import Approved, Declined, DeclineReason, Voided
from payments.report_mismatch import report_mismatch
from payments.resolve_break import end_breaks_of
from payments.settle_attempt import settle_attempt
from payments.states import AttemptState, BreakResolution, DecisionOutcome, DecisionState

log = structlog.get_logger(__name__)


@transaction_required
def apply_decision(*, decision_id: str, by: str, now: datetime) -> AttemptState:
    """Settle the attempt as the proposal says, as any evidence would; return the attempt's state.

    What stood in suspense is taken out, and what the PSP took beyond what was asked for goes back there, alone. Applied
    again by the same person, it changes nothing.

    :raises PaymentNotFound: ``decision_not_found``.
    :raises PaymentRefused: ``second_person_required``; ``decision_closed``: rejected, withdrawn, or overtaken by
        evidence; and as :func:`payments.propose_decision.propose_decision` says.
    """
    decision = lock_decision(decision_id=decision_id)
    if decision.state == DecisionState.APPLIED and decision.closed_by == by:
        return AttemptState(decision.attempt.state)
    require_open(decision=decision)
    if by == decision.proposed_by:
        raise PaymentRefused(
            code="second_person_required", detail=f"{by} has proposed this: somebody else must look, and agree."
        )
    claim = claim_of(decision=decision)
    check_claim(attempt=decision.attempt, claim=claim)
    decision.state, decision.closed_by, decision.closed_at = DecisionState.APPLIED, by, now
    decision.save(update_fields=["state", "closed_by", "closed_at"])
    return _settle(decision, claim, now)


def _settle(decision: Decision, claim: Claim, now: datetime) -> AttemptState:
    attempt = decision.attempt
    signed = f"{decision.proposed_by} and {decision.closed_by}"
    end_breaks_of(
        attempt=attempt,
        resolution=BreakResolution.EXPLAINED,
        reason=f"{decision.public_id}: {claim.reason}",
        by=signed[:150],
        now=now,
    )
    state = settle_attempt(attempt_uuid=attempt.uuid, outcome=_outcome(decision, claim), now=now)
    if state is AttemptState.UNKNOWN:
        raise AssertionError(f"{decision.public_id} was checked, and settled nothing")
    attempt.refresh_from_db()
    if claim.outcome is DecisionOutcome.CAPTURED and claim.money != Money(attempt.captured_minor, attempt.currency):
        excess = Approved(claim.psp_reference, captured=True, money=claim.money or Money(0, attempt.currency))
        report_mismatch(attempt=attempt, approved=excess, now=now)
    log.warning("decision.applied", decision=decision.public_id, attempt=str(attempt.uuid), state=state, by=signed)
    return state


def _outcome(decision: Decision, claim: Claim) -> AttemptNews:
    attempt, asked = decision.attempt, Money(decision.attempt.amount_minor, decision.attempt.currency)
    if claim.money is not None:
        captured = claim.outcome is DecisionOutcome.CAPTURED
        return Approved(claim.psp_reference, captured=captured, money=min(claim.money, asked))
    if claim.outcome is DecisionOutcome.VOIDED:
        return Voided(claim.psp_reference)
    reference = claim.psp_reference or attempt.psp_reference
    return Declined(reference, reason=DeclineReason.PROCESSING_ERROR, soft=False, message=claim.reason)


def claim_of(*, decision: Decision) -> Claim:
    """Return what a decision says."""
    money = None if decision.amount_minor is None else Money(decision.amount_minor, decision.currency)
    outcome = DecisionOutcome(decision.outcome)
    return Claim(outcome, decision.psp_reference, money, decision.reason, decision.evidence)


def require_open(*, decision: Decision) -> None:
    """Refuse to close a decision a second time.

    :raises PaymentRefused: ``decision_closed``.
    """
    if decision.state != DecisionState.PROPOSED:
        raise PaymentRefused(
            code="decision_closed", detail=f"{decision.public_id} is {decision.state}. {decision.note}".rstrip()
        )
