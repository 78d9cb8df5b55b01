"""Say how an attempt ended that nobody knows the outcome of: proposed by one person, on evidence that they name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from exactly_once.public_ids import new_public_id
from ledger.money import Money
from payments.errors import PaymentRefused
from payments.judge_news import believable
from payments.locks import lock_attempt
from payments.models import Attempt, Decision
from payments.states import AttemptState, DecisionOutcome, DecisionState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """How it ended, by the evidence.

    :param psp_reference: the payment at the PSP; empty only where there was none.
    :param money: what the PSP has captured or holds in all; None where that is nothing.
    :param evidence: what the PSP shows, and where: enough for another person to look for themselves.
    """

    outcome: DecisionOutcome
    psp_reference: str
    money: Money | None
    reason: str
    evidence: str


@transaction_required
def propose_decision(*, attempt_uuid: UUID, claim: Claim, by: str, operation: UUID, now: datetime) -> str:
    """Propose how the attempt ended; return the proposal's public id. Nothing else changes.

    :param operation: minted when the form was drawn: sent again, it finds what it proposed.
    :raises PaymentNotFound: ``attempt_not_found``.
    :raises PaymentRefused: ``decision_open``, ``attempt_not_unknown``, ``decision_of_another_payment``,
        ``decision_of_another_sum``, ``decision_forgets_money``, ``decision_not_argued``.
    """
    attempt = lock_attempt(attempt_uuid=attempt_uuid)
    again = Decision.objects.filter(operation=operation).first()
    if again is not None:
        return again.public_id
    check_claim(attempt=attempt, claim=claim)
    if not (claim.reason.strip() and claim.evidence.strip()):
        raise PaymentRefused(code="decision_not_argued", detail="A decision has a reason, and says what shows it.")
    if Decision.objects.filter(attempt=attempt, state=DecisionState.PROPOSED).exists():
        raise PaymentRefused(code="decision_open", detail="Another decision about this attempt is proposed already.")
    decision = Decision.objects.create(
        public_id=new_public_id("dec"),
        attempt=attempt,
        outcome=claim.outcome,
        psp_reference=claim.psp_reference,
        amount_minor=None if claim.money is None else claim.money.amount_minor,
        currency="" if claim.money is None else claim.money.currency,
        reason=claim.reason,
        evidence=claim.evidence,
        proposed_by=by,
        proposed_at=now,
        operation=operation,
    )
    log.warning("decision.proposed", decision=decision.public_id, attempt=str(attempt.uuid), by=by)
    return decision.public_id


def check_claim(*, attempt: Attempt, claim: Claim) -> None:
    """Refuse what cannot be so of a locked attempt, or would lose sight of money that is known.

    :raises PaymentRefused: as :func:`propose_decision` says.
    """
    if attempt.state != AttemptState.UNKNOWN:
        raise PaymentRefused(
            code="attempt_not_unknown", detail=f"The attempt is {attempt.state}: evidence has ended the question."
        )
    _check_reference(attempt, claim)
    needs_money = claim.outcome in (DecisionOutcome.CAPTURED, DecisionOutcome.AUTHORIZED)
    if needs_money != (claim.money is not None):
        raise PaymentRefused(code="decision_of_another_sum", detail=f"{claim.outcome} of {claim.money} is no outcome.")
    if claim.money is not None:
        _check_sum(attempt, claim.outcome, claim.money)
    elif claim.outcome is DecisionOutcome.DECLINED and (attempt.captured_minor or attempt.authorized_at is not None):
        raise PaymentRefused(
            code="decision_forgets_money",
            detail="The PSP has held or taken money for this attempt: it was not declined. It may have been voided.",
        )


def _check_reference(attempt: Attempt, claim: Claim) -> None:
    at_account = Attempt.objects.filter(psp=attempt.psp, psp_account=attempt.psp_account)
    another = attempt.psp_reference not in (None, "", claim.psp_reference) and claim.psp_reference
    taken = at_account.filter(psp_reference=claim.psp_reference).exclude(pk=attempt.pk) if claim.psp_reference else None
    if another or (taken is not None and taken.exists()):
        raise PaymentRefused(
            code="decision_of_another_payment",
            detail=f"The attempt is {attempt.psp_reference or 'not yet known'} at the PSP, not {claim.psp_reference}.",
        )
    if not claim.psp_reference and claim.outcome is not DecisionOutcome.DECLINED:
        raise PaymentRefused(
            code="decision_of_another_payment", detail=f"What was {claim.outcome} has a name at the PSP: say which."
        )


def _check_sum(attempt: Attempt, outcome: DecisionOutcome, money: Money) -> None:
    """Refuse less than was asked for, another currency, and more wherever the rest could still be taken.

    More than all that was asked for may have been captured: the payment is good then, and the excess stays in suspense.
    """
    captured = outcome is DecisionOutcome.CAPTURED
    least, most = believable(attempt, captured=captured)
    may_exceed = captured and most == attempt.amount_minor
    fits = money.currency == attempt.currency and money.amount_minor > (attempt.captured_minor if captured else 0)
    if not fits or money.amount_minor < least or (money.amount_minor > most and not may_exceed):
        raise PaymentRefused(
            code="decision_of_another_sum",
            detail=f"{money} {outcome} is not what was asked: {Money(least, attempt.currency)} to "
            f"{Money(most, attempt.currency)}. Have the PSP pay it back, and decide that it was voided.",
        )
