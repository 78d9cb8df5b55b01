"""Phase 3 of a charge: what the PSP's answer, webhook or look-up makes of an attempt, in one transaction.

The client's request, the webhook and the sweeper race to here; the row locks let one win and the others find it done.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from exactly_once import outbox
from ledger import journal
from ledger.money import Money
from payments import posting_rules
from payments.errors import PaymentRefused
from payments.events import intent_payload
from payments.locks import lock_attempt
from payments.models import Attempt
from payments.outcomes import IntentOutcome, announce
from payments.psp.outcomes import Approved, AuthorizeOutcome, Declined, NotSent, RequiresAction, Unknown, Voided
from payments.state_machines import Step, step
from payments.states import CHECKED_ATTEMPT_STATES, INTENT_STATE_OF, AttemptState, IntentState
from payments.sweep import next_check_at

log = structlog.get_logger(__name__)

_STATE_OF: dict[type[object], AttemptState] = {
    RequiresAction: AttemptState.REQUIRES_ACTION,
    Declined: AttemptState.DECLINED,
    NotSent: AttemptState.FAILED_NOT_SENT,
    Voided: AttemptState.VOIDED,
    Unknown: AttemptState.UNKNOWN,
}


@transaction_required
def settle_attempt(*, attempt_uuid: UUID, outcome: AuthorizeOutcome | Voided, now: datetime) -> AttemptState:
    """Apply ``outcome`` once: states, ledger, outbox, and whoever listens above; return the attempt's state.

    :raises PaymentRefused: ``contradictory_outcome``: money moved on an attempt that we had closed without money, or
        otherwise than it was settled.
    """
    attempt = lock_attempt(attempt_uuid=attempt_uuid)
    current = AttemptState(attempt.state)
    verdict = _judge(attempt, outcome)
    if verdict is Step.CONTRADICTION:
        raise PaymentRefused(
            code="contradictory_outcome",
            detail=f"Attempt {attempt.uuid} is {current} by {attempt.psp_reference}, yet the PSP reports {outcome}.",
        )
    if verdict is Step.STALE:
        log.info("payment.news_ignored", attempt=str(attempt.uuid), state=current, news=_state_of(outcome))
        return current
    attempt.psp_reference = _reference_of(outcome) or attempt.psp_reference
    outcome = _as_far_as_it_proves(attempt, outcome)
    news = _state_of(outcome)
    _record(attempt, outcome, news, now)
    if news is AttemptState.CAPTURED:
        _post_capture(attempt, now)
    _move_intent(attempt, now)
    return news


def _judge(attempt: Attempt, outcome: AuthorizeOutcome | Voided) -> Step:
    """Say what the news means, before it is asked how far it is to be believed.

    News of a second payment for this attempt, or of another amount than a payment that is settled, is never stale:
    somebody's money would be passed over.
    """
    if attempt.psp_reference is not None and _reference_of(outcome) not in (None, attempt.psp_reference):
        return Step.CONTRADICTION
    verdict = step(current=AttemptState(attempt.state), news=_state_of(outcome))
    return Step.CONTRADICTION if verdict is Step.STALE and _is_of_another_amount(attempt, outcome) else verdict


def _state_of(outcome: AuthorizeOutcome | Voided) -> AttemptState:
    if isinstance(outcome, Approved):
        return AttemptState.CAPTURED if outcome.captured else AttemptState.AUTHORIZED
    return _STATE_OF[type(outcome)]


def _as_far_as_it_proves(attempt: Attempt, outcome: AuthorizeOutcome | Voided) -> AuthorizeOutcome | Voided:
    """Reduce to ``Unknown`` what is no evidence of what we asked for: people or later news must end it.

    *Not sent* proves nothing once somebody else has asked under the same key. An approval of another amount or
    currency is not the payment that we asked for: nothing is posted for it.
    """
    if isinstance(outcome, NotSent) and attempt.checks > 0:
        return Unknown(detail=f"not sent this time: {outcome.detail}")
    if isinstance(outcome, Approved) and _is_of_another_amount(attempt, outcome):
        asked = Money(attempt.amount_minor, attempt.currency)
        log.error("payment.amount_mismatch", attempt=str(attempt.uuid), asked=str(asked), reported=str(outcome.money))
        return Unknown(detail=f"amount mismatch: asked {asked}, PSP reports {outcome.money}")
    return outcome


def _is_of_another_amount(attempt: Attempt, outcome: AuthorizeOutcome | Voided) -> bool:
    return isinstance(outcome, Approved) and outcome.money != Money(attempt.amount_minor, attempt.currency)


def _reference_of(outcome: AuthorizeOutcome | Voided) -> str | None:
    return None if isinstance(outcome, NotSent | Unknown) else outcome.psp_reference


def _record(attempt: Attempt, outcome: AuthorizeOutcome | Voided, state: AttemptState, now: datetime) -> None:
    attempt.state = state
    match outcome:
        case Approved(captured=True, money=money):
            attempt.captured_minor = money.amount_minor
        case RequiresAction(redirect_url=url):
            attempt.next_action_url = url
        case Declined(reason=reason):
            attempt.decline_reason = reason
        case NotSent():
            attempt.decline_reason = "psp_unreachable"
        case Voided():
            attempt.decline_reason = "payment_canceled"
        case Unknown(detail=detail):
            attempt.unknown_reason = detail[:255]
    if state in CHECKED_ATTEMPT_STATES:
        attempt.next_check_at = next_check_at(since=attempt.submitted_at, now=now)
    else:
        attempt.next_check_at = None
        attempt.settled_at = now
    attempt.save()
    log.info("payment.settled", state=str(state), attempt=str(attempt.uuid), intent=attempt.intent.public_id)


def _post_capture(attempt: Attempt, now: datetime) -> None:
    if attempt.psp_reference is None:
        raise AssertionError("a capture without the PSP's reference cannot be told from another")
    journal.post(
        book=attempt.intent.book,
        drafts=posting_rules.captured(
            psp=attempt.psp,
            account=attempt.psp_account,
            psp_reference=attempt.psp_reference,
            money=Money(attempt.captured_minor, attempt.currency),
            order_reference=attempt.intent.order_reference,
            now=now,
        ),
    )


def _move_intent(attempt: Attempt, now: datetime) -> None:
    intent, state = attempt.intent, INTENT_STATE_OF[AttemptState(attempt.state)]
    if intent.state == state:
        return
    intent.state = state
    intent.updated_at = now
    intent.save(update_fields=["state", "updated_at"])
    if state is not IntentState.PROCESSING:
        outbox.publish(
            aggregatetype="payment_intent",
            aggregateid=intent.public_id,
            type=f"payment_intent.{state}",
            payload=intent_payload(intent, attempt),
            now=now,
        )
    announce(
        IntentOutcome(
            intent_id=intent.public_id,
            order_reference=intent.order_reference,
            state=state,
            decline_reason=attempt.decline_reason,
            next_action_url=attempt.next_action_url,
            now=now,
        )
    )
