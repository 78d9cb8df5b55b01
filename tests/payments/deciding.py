"""Two people who decide about a payment that nobody knows the outcome of."""

from uuid import UUID, uuid4

from django_subatomic.db import transaction

from ledger.money import Money
from payments.apply_decision import apply_decision
from payments.close_decision import close_decision
from payments.models import Attempt, Break, Decision
from payments.propose_decision import Claim, propose_decision
from payments.psp.outcomes import Unknown
from payments.states import DecisionOutcome
from tests.factories import NOW
from tests.payments.holding import EUR, begin, news

LOST = Unknown("time-out")


def doubtful(*, captures_at_once: bool = True) -> UUID:
    """Return an attempt whose reply was lost."""
    attempt = begin(captures_at_once=captures_at_once)
    assert news(attempt, LOST) == "unknown"
    return attempt


def claim(outcome: str, money: Money | None = None, reference: str = "pi_1") -> Claim:
    """Return what a person says, with the whole sum where it takes one."""
    kind = DecisionOutcome(outcome)
    if kind in (DecisionOutcome.CAPTURED, DecisionOutcome.AUTHORIZED):
        money = money or EUR
    return Claim(kind, reference, money, "The dashboard says so.", "Dashboard, payments, pi_1.")


def propose(attempt: UUID, said: Claim, *, by: str = "ann", operation: UUID | None = None) -> str:
    """Propose a decision; return its id."""
    with transaction():
        return propose_decision(attempt_uuid=attempt, claim=said, by=by, operation=operation or uuid4(), now=NOW)


def agree(decision: str, *, by: str = "bob") -> str:
    """Apply a decision; return the attempt's state."""
    with transaction():
        return str(apply_decision(decision_id=decision, by=by, now=NOW))


def put_away(decision: str, *, by: str = "bob") -> str:
    """Reject or withdraw a decision; return its state."""
    with transaction():
        return str(close_decision(decision_id=decision, note="Not so.", by=by, now=NOW))


def decided(attempt: UUID, said: Claim) -> str:
    """Have two people decide; return the attempt's state."""
    return agree(propose(attempt, said))


def decisions() -> list[tuple[str, str, str]]:
    """Return (state, who proposed, who closed) of every decision."""
    return list(Decision.objects.order_by("pk").values_list("state", "proposed_by", "closed_by"))


def breaks() -> list[tuple[str, str, int]]:
    """Return (kind, resolution or state, amount) of every break."""
    rows = Break.objects.order_by("pk")
    return [(row.kind, row.resolution or row.state, row.amount_minor) for row in rows]


def everything() -> list[object]:
    """Return every row that a refused decision must leave as it is."""
    attempts, proposals, found = Attempt.objects.values(), Decision.objects.values(), Break.objects.values()
    return [list(attempts.order_by("pk")), list(proposals.order_by("pk")), list(found.order_by("pk"))]
