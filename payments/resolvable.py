"""Which breaks people may resolve, and which have ended, end by themselves, or wait for a second person."""

from django.db.models import Case, Exists, OuterRef, Q, Value, When

from payments.errors import PaymentRefused
from payments.models import Break, BreakRefund, Resolution
from payments.promise_break_refund import is_being_refunded
from payments.states import OPEN_REFUND_STATES, PENDING_ATTEMPT_STATES, BreakState, DecisionState


def check_resolvable(*, held: Break) -> None:
    """Refuse about a locked break that a person's word does not end.

    :raises PaymentRefused: ``break_resolved``, ``attempt_still_open``, ``refund_under_way``, ``resolution_open``.
    """
    if held.state == BreakState.RESOLVED:
        raise PaymentRefused(code="break_resolved", detail=f"{held.public_id} was resolved by {held.resolved_by}.")
    if held.in_suspense and held.attempt is not None and held.attempt.state in PENDING_ATTEMPT_STATES:
        raise PaymentRefused(
            code="attempt_still_open",
            detail=f"{held.public_id} is about an attempt that is {held.attempt.state}: evidence ends both, or two"
            " people.",
        )
    if is_being_refunded(held=held):
        raise PaymentRefused(
            code="refund_under_way", detail=f"The PSP was asked to pay {held.public_id} back: see how that ends."
        )
    proposal = Resolution.objects.filter(about=held, state=DecisionState.PROPOSED).first()
    if proposal is not None:
        raise PaymentRefused(
            code="resolution_open",
            detail=f"How {held.public_id} ends is proposed already: {proposal}, by {proposal.proposed_by}, is approved,"
            " rejected or withdrawn first.",
        )


def refused_as() -> Case:
    """Return the code that :func:`check_resolvable` refuses with, as a column of breaks; empty where it does not."""
    refunds = BreakRefund.objects.filter(about=OuterRef("pk"), state__in=OPEN_REFUND_STATES)
    proposals = Resolution.objects.filter(about=OuterRef("pk"), state=DecisionState.PROPOSED)
    pending = Q(in_suspense=True, attempt__state__in=PENDING_ATTEMPT_STATES)
    return Case(
        When(state=BreakState.RESOLVED, then=Value("break_resolved")),
        When(pending, then=Value("attempt_still_open")),
        When(Exists(refunds), then=Value("refund_under_way")),
        When(Exists(proposals), then=Value("resolution_open")),
        default=Value(""),
    )
