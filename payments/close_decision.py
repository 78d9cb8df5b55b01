"""Put a proposed decision away: withdrawn by who proposed it, rejected by anybody else."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from payments.apply_decision import require_open
from payments.locks import lock_decision
from payments.states import DecisionState

log = structlog.get_logger(__name__)


@transaction_required
def close_decision(*, decision_id: str, note: str, by: str, now: datetime) -> DecisionState:
    """Close the proposal without any effect; return its state.

    :raises PaymentNotFound: ``decision_not_found``.
    :raises PaymentRefused: ``decision_closed``.
    """
    decision = lock_decision(decision_id=decision_id)
    require_open(decision=decision)
    state = DecisionState.WITHDRAWN if by == decision.proposed_by else DecisionState.REJECTED
    decision.state, decision.closed_by, decision.closed_at, decision.note = state, by, now, note[:500]
    decision.save(update_fields=["state", "closed_by", "closed_at", "note"])
    log.info("decision.closed", decision=decision.public_id, state=str(state), by=by)
    return state
