"""Propose how a break whose sum is for two people ends, agree with it as another person, or put it away."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from exactly_once.public_ids import new_public_id
from payments.errors import PaymentNotFound, PaymentRefused
from payments.locks import lock_break
from payments.models import Break, Resolution
from payments.open_break import note
from payments.resolve_break import How, check_resolution, resolve_break
from payments.states import BreakResolution, DecisionState

log = structlog.get_logger(__name__)


@transaction_required
def propose_resolution(*, break_id: str, how: How, reason: str, by: str, operation: UUID, now: datetime) -> str:
    """Propose it; return the proposal's public id. Nothing else changes.

    :param operation: minted when the form was drawn: sent again, it finds what it proposed.
    :raises PaymentNotFound: ``break_not_found``.
    :raises PaymentRefused: as :func:`payments.resolve_break.resolve_break` says, about any sum.
    """
    held = lock_break(break_id=break_id)
    again = Resolution.objects.filter(operation=operation).first()
    if again is not None:
        return again.public_id
    other = Break.objects.select_related("attempt").filter(public_id=how.other).first() if how.other else None
    check_resolution(held=held, other=other, how=how, reason=reason)
    new = Resolution.objects.create(
        public_id=new_public_id("res"),
        about=held,
        resolution=how.resolution,
        account=how.account,
        other=other,
        reason=reason[:500],
        proposed_by=by,
        proposed_at=now,
        operation=operation,
    )
    note(about=held, what="proposed", by=by, detail=f"{how.resolution}: {reason}", now=now)
    log.warning("resolution.proposed", of=break_id, by=by)
    return new.public_id


@transaction_required
def approve_resolution(*, resolution_id: str, by: str, now: datetime) -> None:
    """Agree with a proposal, as another person, and resolve the break by it. Again by the same one: nothing changes.

    :raises PaymentNotFound: ``resolution_not_found``.
    :raises PaymentRefused: ``second_person_required``; ``resolution_closed``; and as
        :func:`payments.resolve_break.resolve_break` says.
    """
    proposal = _locked(resolution_id)
    if proposal.state == DecisionState.APPLIED and proposal.closed_by == by:
        return
    _check_open(proposal)
    if by == proposal.proposed_by:
        raise PaymentRefused(
            code="second_person_required", detail=f"{by} has proposed this: somebody else must look, and agree."
        )
    proposal.state, proposal.closed_by, proposal.closed_at = DecisionState.APPLIED, by, now
    proposal.save(update_fields=["state", "closed_by", "closed_at"])
    other = "" if proposal.other is None else proposal.other.public_id
    resolve_break(
        break_id=proposal.about.public_id,
        reason=proposal.reason,
        by=proposal.proposed_by,
        approved_by=by,
        how=How(BreakResolution(proposal.resolution), proposal.account, other),
        now=now,
    )


@transaction_required
def close_resolution(*, resolution_id: str, by: str, now: datetime) -> DecisionState:
    """Put a proposal away without any effect: its proposer withdraws it, anybody else rejects it.

    :raises PaymentNotFound: ``resolution_not_found``.
    :raises PaymentRefused: ``resolution_closed``.
    """
    proposal = _locked(resolution_id)
    state = DecisionState.WITHDRAWN if by == proposal.proposed_by else DecisionState.REJECTED
    if proposal.state == state and proposal.closed_by == by:
        return state
    _check_open(proposal)
    proposal.state, proposal.closed_by, proposal.closed_at = state, by, now
    proposal.save(update_fields=["state", "closed_by", "closed_at"])
    note(about=proposal.about, what=str(state), by=by, detail=proposal.public_id, now=now)
    return state


def _locked(resolution_id: str) -> Resolution:
    found = Resolution.objects.select_related("about").filter(public_id=resolution_id).first()
    if found is None:
        raise PaymentNotFound(code="resolution_not_found", detail=f"There is no proposal {resolution_id}.")
    # Whoever proposes, agrees or resolves holds the break: nobody changes its proposals meanwhile.
    lock_break(break_id=found.about.public_id)
    found.refresh_from_db()
    return found


def _check_open(proposal: Resolution) -> None:
    if proposal.state != DecisionState.PROPOSED:
        raise PaymentRefused(code="resolution_closed", detail=f"{proposal.public_id} is {proposal.state}.")
