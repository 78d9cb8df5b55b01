"""Phase 2 of a charge: the PSP is asked while no transaction is open."""

import hashlib
import json
from datetime import datetime
from time import perf_counter
from uuid import UUID

from django.db.models import F
from django_subatomic.db import durable, transaction

from ledger.money import Money
from payments.begin_attempt import Begun
from payments.circuit import note_call
from payments.errors import PaymentNotFound
from payments.judge_news import AttemptNews
from payments.models import Attempt
from payments.psp.base import PspAdapter
from payments.psp.outcomes import AuthorizeOutcome, NoLookUp, NotFoundAtPsp, NotSent, Pending, Unknown
from payments.psp.registry import get_adapter
from payments.settle_attempt import settle_attempt
from payments.states import CHECKED_ATTEMPT_STATES, PENDING_ATTEMPT_STATES, AttemptState
from payments.sweep import claim_attempt

_UNANSWERED = frozenset({AttemptState.SUBMITTED, AttemptState.UNKNOWN})
_GIVES_WAY = frozenset({AttemptState.DECLINED, AttemptState.FAILED_NOT_SENT})


@durable
def ask(*, begun: Begun, now: datetime) -> None:
    """Have the attempt that the caller has begun, and committed, come to its end."""
    _charge(begun.attempt, now)


@durable
def ask_again(*, order_reference: str, now: datetime) -> None:
    """Have the order's open attempt come to its end, if it has one: somebody asked before us and did not finish.

    The PSP is then asked no more often than by the sweeper, however often a client asks us again.
    """
    pending = Attempt.objects.filter(intent__order_reference=order_reference, state__in=PENDING_ATTEMPT_STATES)
    attempt = pending.first()
    if attempt is not None and claim_attempt(attempt_uuid=attempt.uuid, now=now):
        look_up(attempt_uuid=attempt.uuid, now=now)


@durable
def charge(*, attempt_uuid: UUID, now: datetime) -> AttemptState:
    """Ask the PSP to take the money, under a key that makes asking again harmless, and settle what it says.

    Where that hands the payment on to another PSP, ask that one, too; return the last one's state.
    """
    return _charge(_attempt(attempt_uuid), now)


def _charge(attempt: Attempt, now: datetime) -> AttemptState:
    began = perf_counter()
    outcome = _authorize(_adapter(attempt), attempt)
    waited = None if isinstance(outcome, NotSent) else round((perf_counter() - began) * 1000)
    note_call(attempt=attempt, outcome=outcome, now=now)
    with transaction():
        state = settle_attempt(attempt_uuid=attempt.uuid, outcome=outcome, now=now, answered_in_ms=waited)
    following = _following(attempt) if state in _GIVES_WAY else None
    return state if following is None else _charge(following, now)


@durable
def look_up(*, attempt_uuid: UUID, now: datetime) -> AttemptState:
    """Find out how an attempt ended that nobody told us about.

    The PSP's own record first; then, while its memory of our key lasts, the same request once more, which either
    repeats the first answer or is the first to arrive. Afterwards, only looking: the attempt stays unknown. A payment
    that was answered at a PSP without look-ups (held, or waiting for the buyer) its webhook moves on.
    """
    if not _count_check(attempt_uuid):
        return AttemptState(_attempt(attempt_uuid).state)
    attempt = _attempt(attempt_uuid)
    adapter = _adapter(attempt)
    if attempt.returned and attempt.state == AttemptState.REQUIRES_ACTION:
        return finish(attempt_uuid=attempt_uuid, now=now)
    found = adapter.retrieve(attempt_id=attempt.uuid, psp_reference=attempt.psp_reference)
    match found:
        case Pending():
            return AttemptState(attempt.state)
        case NoLookUp() if attempt.state not in _UNANSWERED:
            return AttemptState(attempt.state)
        case NotFoundAtPsp() | NoLookUp() if now - attempt.submitted_at < adapter.key_retention:
            outcome: AttemptNews = _authorize(adapter, attempt)
        case NotFoundAtPsp() | NoLookUp():
            outcome = Unknown(detail="the PSP shows no record of it, and its memory of our key is over")
        case _:
            outcome = found
    with transaction():
        return settle_attempt(attempt_uuid=attempt_uuid, outcome=outcome, now=now)


@durable
def finish(*, attempt_uuid: UUID, now: datetime) -> AttemptState:
    """Hand to the PSP what the buyer brought back from the bank, under a key that makes that harmless to repeat."""
    attempt = _attempt(attempt_uuid)
    # Another thing brought back is another request.
    brought = hashlib.sha256(json.dumps(attempt.returned, sort_keys=True).encode()).hexdigest()
    outcome = _adapter(attempt).finish(
        key=f"{attempt.uuid}:finish:{brought[:12]}",
        attempt_id=attempt.uuid,
        psp_reference=attempt.psp_reference,
        returned=attempt.returned,
    )
    match outcome:
        case NotFoundAtPsp() | NoLookUp():
            # Anybody may have made it up: without it the buyer can still come back.
            with transaction():
                Attempt.objects.filter(pk=attempt.pk, returned=attempt.returned).update(returned={})
            return AttemptState(attempt.state)
        case Pending():
            return AttemptState(attempt.state)
    with transaction():
        return settle_attempt(attempt_uuid=attempt_uuid, outcome=outcome, now=now)


def _following(attempt: Attempt) -> Attempt | None:
    handed_on = Attempt.objects.filter(failed_over_from=attempt.pk, state=AttemptState.SUBMITTED)
    return handed_on.select_related("intent").first()


def _count_check(attempt_uuid: UUID) -> bool:
    """Count the question before it is asked, so that ``NotSent`` from an earlier asker is no longer believed."""
    with transaction():
        open_still = Attempt.objects.filter(uuid=attempt_uuid, state__in=CHECKED_ATTEMPT_STATES)
        return open_still.update(checks=F("checks") + 1) == 1


def _attempt(attempt_uuid: UUID) -> Attempt:
    attempt = Attempt.objects.select_related("intent").filter(uuid=attempt_uuid).first()
    if attempt is None:
        raise PaymentNotFound(code="attempt_not_found", detail=f"There is no attempt {attempt_uuid}.")
    return attempt


def _adapter(attempt: Attempt) -> PspAdapter:
    return get_adapter(psp=attempt.psp, account=attempt.psp_account)


def _authorize(adapter: PspAdapter, attempt: Attempt) -> AuthorizeOutcome:
    return adapter.authorize(
        key=f"{attempt.uuid}:authorize:1",
        attempt_id=attempt.uuid,
        money=Money(attempt.amount_minor, attempt.currency),
        token=attempt.token,
        capture=attempt.captures_at_once,
        description=attempt.intent.description,
    )
