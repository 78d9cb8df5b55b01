"""The rule of two people: what one proposes another one closes, whoever writes."""

import pgtrigger
from django.db.models import F, Q

from exactly_once.fixed import fixed
from payments.state_machines import DECISION
from payments.states import DecisionState


def closed_by_another() -> Q:
    """Return the condition on ``state``, ``proposed_by``, ``closed_by`` and ``closed_at`` of a proposal."""
    return (
        Q(state=DecisionState.PROPOSED, closed_by="", closed_at=None)
        | (
            Q(state__in=[DecisionState.APPLIED, DecisionState.REJECTED], closed_at__isnull=False)
            & ~Q(closed_by="")
            & ~Q(closed_by=F("proposed_by"))
        )
        | Q(state=DecisionState.WITHDRAWN, closed_by=F("proposed_by"), closed_at__isnull=False)
        | Q(state=DecisionState.OVERTAKEN, closed_by="", closed_at__isnull=False)
    )


def closes_once(*, constraint: str, says: tuple[str, ...], closing: tuple[str, ...]) -> list[pgtrigger.Trigger]:
    """Return the triggers by which a proposal follows the table, never says something else, and is closed once."""
    return [
        DECISION.trigger(constraint=constraint),
        fixed(columns=says),
        fixed(columns=closing, name="closed", once="OLD.state <> 'proposed' AND NEW.state = OLD.state"),
    ]
