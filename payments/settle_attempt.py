"""Phase 3 of a charge: what the PSP's answer, webhook or look-up makes of an attempt, in one transaction.

The client's request, the webhook and the sweeper race to here; the row locks let one win and the others find it done.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from exactly_once import outbox
from exactly_once.together import Write, save, write_together
from ledger.money import Money
from payments.begin_attempt import fail_over
from payments.bookings import book_capture, book_hold, book_release, close_pending, new_capture
from payments.events import intent_payload
from payments.judge_news import (
    AttemptNews,
    contradiction,
    expires_at_of,
    is_of_another_amount,
    judge,
    reference_of,
    state_of,
)
from payments.locks import lock_attempt
from payments.models import Attempt, Capture
from payments.outcomes import IntentOutcome, announce
from payments.overtake_decision import denies_decision, overtake_decision, report_denial
from payments.psp.outcomes import Approved, Declined, Expired, NotSent, RequiresAction, Unknown, Voided
from payments.report_mismatch import report_mismatch
from payments.resolve_break import end_breaks_of
from payments.state_machines import Step
from payments.states import (
    CHECKED_ATTEMPT_STATES,
    INTENT_STATE_OF,
    AttemptState,
    BreakResolution,
    CaptureState,
    IntentState,
    VoidReason,
    VoidState,
)
from payments.surplus import end_surplus, settle_surplus, surplus_of
from payments.sweep import next_check_at

log = structlog.get_logger(__name__)


@transaction_required
def settle_attempt(
    *, attempt_uuid: UUID, outcome: AttemptNews, now: datetime, answered_in_ms: int | None = None
) -> AttemptState:
    """Apply ``outcome`` once: states, ledger, outbox, and whoever listens above; return the attempt's state.

    What the PSP approved instead of what we asked for opens a break, whether or not the attempt is settled.

    :param answered_in_ms: for how long the PSP let whoever asked it for the money wait.
    :raises PaymentRefused: ``contradictory_outcome``: news of another payment at the PSP.
    """
    attempt = lock_attempt(attempt_uuid=attempt_uuid)
    attempt.answered_in_ms = answered_in_ms or attempt.answered_in_ms
    current = AttemptState(attempt.state)
    if (surplus := _surplus(attempt, outcome)) is not None:
        if surplus.state != AttemptState.SURPLUS:
            report_denial(attempt=attempt, news=outcome, now=now)
        return _settle_surplus(surplus, outcome, now)
    if denies_decision(attempt=attempt, news=outcome) and report_denial(attempt=attempt, news=outcome, now=now):
        return current
    verdict = judge(attempt, outcome)
    if verdict is Step.STALE:
        log.info("payment.news_ignored", attempt=str(attempt.uuid), state=current, news=state_of(outcome))
        _note_expiry(attempt, outcome)
        return current
    if isinstance(outcome, Approved) and is_of_another_amount(attempt, outcome):
        return _doubt(attempt, outcome, verdict, now)
    if verdict is Step.CONTRADICTION:
        raise contradiction(attempt, outcome)
    attempt.psp_reference = reference_of(outcome) or attempt.psp_reference
    proved = _as_far_as_it_proves(attempt, outcome)
    intent_is_moved = _apply(attempt, proved, now)
    if current is AttemptState.UNKNOWN:
        overtake_decision(attempt=attempt, now=now)
        reason = f"the PSP now reports {proved}"
        end_breaks_of(attempt=attempt, resolution=BreakResolution.SUPERSEDED, reason=reason, now=now)
    if current is AttemptState.SUBMITTED and fail_over(attempt=attempt, outcome=proved, now=now):
        return AttemptState(attempt.state)  # the intent goes on, with another attempt
    move_intent(attempt=attempt, now=now, is_moved=intent_is_moved)
    return AttemptState(attempt.state)


def _doubt(attempt: Attempt, approved: Approved, verdict: Step, now: datetime) -> AttemptState:
    """Keep for people what the PSP approved instead of what we asked for; what is not settled yet is unknown by it."""
    if verdict is Step.APPLY:
        asked = Money(attempt.amount_minor, attempt.currency)
        attempt.psp_reference = approved.psp_reference
        _apply(attempt, Unknown(detail=f"amount mismatch: asked {asked}, PSP reports {approved.money}"), now)
        move_intent(attempt=attempt, now=now)
    if report_mismatch(attempt=attempt, approved=approved, now=now):
        overtake_decision(attempt=attempt, now=now)
    return AttemptState(attempt.state)


def _surplus(attempt: Attempt, outcome: AttemptNews) -> Attempt | None:
    """Return the row of money that nobody owed us, where the news is about such."""
    if isinstance(outcome, Approved):
        return surplus_of(attempt=attempt, approved=outcome)
    is_its_end = isinstance(outcome, Voided | Expired) and outcome.psp_reference == attempt.psp_reference
    return attempt if attempt.state == AttemptState.SURPLUS and is_its_end else None


def _settle_surplus(surplus: Attempt, outcome: AttemptNews, now: datetime) -> AttemptState:
    if isinstance(outcome, Approved):
        settle_surplus(surplus=surplus, approved=outcome, now=now)
    elif not surplus.captured_minor:
        end_surplus(surplus=surplus, now=now)
    return AttemptState(surplus.state)


def _apply(attempt: Attempt, outcome: AttemptNews, now: datetime) -> bool:
    """Write what follows for the attempt, its captures and voids, and the ledger; with a first capture also the intent.

    Return whether that has moved.
    """
    moving: list[Write] = []
    was_held, capture = attempt.authorized_at is not None, None
    # Nobody asks for a capture or a void before the PSP has said anything.
    is_first = attempt.state == AttemptState.SUBMITTED
    state = state_of(outcome)
    if isinstance(outcome, Approved) and outcome.captured:
        capture = _capture_of(attempt, outcome.money, now, is_first=is_first)
        attempt.captured_minor += capture.amount_minor
        state = AttemptState.CAPTURED if capture.final else AttemptState.AUTHORIZED
    elif isinstance(outcome, Voided | Expired) and attempt.captured_minor:
        state = AttemptState.CAPTURED  # the rest of it is let go of
    elif isinstance(outcome, Voided) and attempt.voids.filter(state=VoidState.PENDING, reason=VoidReason.ABANDONED):
        state = AttemptState.EXPIRED  # nobody wanted it to end: another attempt may follow
    if state is AttemptState.AUTHORIZED:
        attempt.authorized_at = attempt.authorized_at or now
        attempt.authorization_expires_at = attempt.authorization_expires_at or expires_at_of(outcome)
    _record(attempt, outcome, state, now)
    saved = saving(attempt=attempt, now=now)
    if capture is None:
        write_together(saved)
    if capture is not None:
        moving = _moving(attempt, now) if is_first else []
        book_capture(capture=capture, psp_reference=attempt.psp_reference or "", now=now, beside=[saved, *moving])
    elif state is AttemptState.AUTHORIZED and not was_held:
        book_hold(attempt=attempt, now=now)
    elif was_held and isinstance(outcome, Voided | Expired):
        book_release(attempt=attempt, expired=isinstance(outcome, Expired), now=now)
    if state not in CHECKED_ATTEMPT_STATES and not is_first:
        close_pending(attempt=attempt, now=now, let_go=isinstance(outcome, Voided))
    return bool(moving)


def _note_expiry(attempt: Attempt, outcome: AttemptNews) -> None:
    """Note until when a hold that we know of can be captured: not all news of it say so."""
    until = expires_at_of(outcome)
    if until is not None and attempt.state == AttemptState.AUTHORIZED and attempt.authorization_expires_at is None:
        attempt.authorization_expires_at = until
        attempt.save(update_fields=["authorization_expires_at"])


def _capture_of(attempt: Attempt, total: Money, now: datetime, *, is_first: bool) -> Capture:
    """Return the capture by which the PSP came to this total: ours that is pending, or one that we never asked for."""
    pending = None if is_first else attempt.captures.filter(state=CaptureState.PENDING).first()
    if pending is not None:
        pending.attempt = attempt
        return pending
    newly = Money(total.amount_minor - attempt.captured_minor, attempt.currency)
    return new_capture(attempt=attempt, money=newly, final=True, now=now, is_first=is_first)


def _as_far_as_it_proves(attempt: Attempt, outcome: AttemptNews) -> AttemptNews:
    """Reduce to ``Unknown`` a *not sent* that proves nothing, because somebody else has asked under the same key."""
    if isinstance(outcome, NotSent) and attempt.checks > 0:
        return Unknown(detail=f"not sent this time: {outcome.detail}")
    return outcome


def _record(attempt: Attempt, outcome: AttemptNews, state: AttemptState, now: datetime) -> None:
    attempt.state = state
    if isinstance(outcome, Approved | Declined) and outcome.card is not None:
        attempt.card_brand, attempt.card_last4 = outcome.card.brand, outcome.card.last4
    match outcome:
        case RequiresAction(redirect_url=url):
            attempt.next_action_url = url
            if attempt.intent.is_own_order:
                attempt.action_expires_at = now + timedelta(seconds=settings.PAYMENT_ACTION_SECONDS)
        case Declined(reason=reason):
            attempt.decline_reason = reason
        case NotSent():
            attempt.decline_reason = "psp_unreachable"
        case Voided():
            attempt.decline_reason = "abandoned" if state is AttemptState.EXPIRED else "payment_canceled"
        case Expired():
            attempt.decline_reason = "payment_expired"
        case Unknown(detail=detail):
            attempt.unknown_reason = detail[:255]


def saving(*, attempt: Attempt, now: datetime) -> Write:
    """Return what saves an attempt in its new state, with when to look at it again."""
    if attempt.state in CHECKED_ATTEMPT_STATES:
        attempt.next_check_at = next_check_at(since=attempt.submitted_at, now=now)
    else:
        attempt.next_check_at, attempt.settled_at = None, now
    log.info("payment.settled", state=str(attempt.state), attempt=str(attempt.uuid), intent=attempt.intent.public_id)
    return save(attempt)


@transaction_required
def move_intent(*, attempt: Attempt, now: datetime, is_moved: bool = False) -> None:
    """Bring the intent to where its attempt is; publish that, and tell whoever listens above.

    :param is_moved: the first two are done.
    """
    moving = [] if is_moved else _moving(attempt, now)
    write_together(*moving)
    if moving or is_moved:
        _tell(attempt, now)


def _moving(attempt: Attempt, now: datetime) -> list[Write]:
    """Return what brings the intent to where its attempt is; nothing where it is there."""
    intent, state = attempt.intent, INTENT_STATE_OF[AttemptState(attempt.state)]
    if intent.state == state:
        return []
    intent.state = state
    intent.updated_at = now
    writes = [save(intent, "state", "updated_at")]
    if state is not IntentState.PROCESSING:
        writes.append(
            outbox.publication(
                aggregatetype="payment_intent",
                aggregateid=intent.public_id,
                type=f"payment_intent.{state}",
                payload=intent_payload(intent, attempt),
                now=now,
            )
        )
    return writes


def _tell(attempt: Attempt, now: datetime) -> None:
    intent = attempt.intent
    announce(
        IntentOutcome(
            intent_id=intent.public_id,
            order_reference=intent.order_reference,
            state=IntentState(intent.state),
            decline_reason=attempt.decline_reason,
            next_action_url=attempt.next_action_url,
            captures_at_once=attempt.captures_at_once,
            now=now,
        )
    )
