"""Every payment that an order may rest on, in one pass: for checks over all orders."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q, Sum

from ledger.money import Money
from payments.models import Attempt, Capture, Dispute, Refund, RefundPart
from payments.part_rows import RefundShares, refund_shares, refundable_parts
from payments.states import (
    UNDECIDED_DISPUTE_STATES,
    UNPAID_REFUND_STATES,
    AttemptState,
    CaptureState,
    DisputeState,
    RefundState,
)


@dataclass(frozen=True, slots=True)
class OrderPayment:
    """Money that was captured for an order, or held to be captured as it is shipped, if only for a time.

    :param captured_minor: of the ``asked`` money; ``unearned_refunds``: paid back before it was earned, by refund.
    :param offset_minor: of it was taken back by the buyer's bank, for goods that are not sent.
    :param is_waiting: the PSP is to take some of it, or the buyer's bank has not decided yet whose it is.
    :param kept: some of it was captured, and is not being paid back.
    :param is_undisturbed: no refund of it came to nothing, and no bank has asked for it.
    """

    intent_id: str
    order_reference: str
    book: str
    asked: Money
    captured_minor: int
    captures_at_once: bool
    unearned_refunds: Mapping[str, int]
    offset_minor: int
    is_waiting: bool
    kept: bool
    is_undisturbed: bool

    @property
    def unearned_refunded_minor(self) -> int:
        """Return what was paid back before it was earned."""
        return sum(self.unearned_refunds.values())


def payments_for_orders() -> Iterator[OrderPayment]:
    """Yield the payment of every order."""
    # A payment of the payments API is its own order.
    held = Q(captures_at_once=False, authorized_at__isnull=False)
    found = Attempt.objects.filter(Q(state=AttemptState.CAPTURED) | held).exclude(state=AttemptState.SURPLUS)
    of_orders = found.exclude(intent__order_reference=F("intent__public_id")).select_related("intent")
    unearned = _unearned_refunds()
    disputes = Dispute.objects.exclude(offset_minor=0).values_list("attempt_id")
    offsets = dict(disputes.annotate(total=Sum("offset_minor")).order_by())
    waiting = _waiting()
    undone = Refund.objects.filter(state__in=UNPAID_REFUND_STATES)
    disturbed = {*undone.values_list("attempt_id", flat=True), *Dispute.objects.values_list("attempt_id", flat=True)}
    for attempt in of_orders.iterator():
        yield OrderPayment(
            intent_id=attempt.intent.public_id,
            order_reference=attempt.intent.order_reference,
            book=attempt.intent.book,
            asked=Money(attempt.amount_minor, attempt.currency),
            captured_minor=attempt.captured_minor,
            captures_at_once=attempt.captures_at_once,
            unearned_refunds=unearned.get(attempt.pk, {}),
            offset_minor=offsets.get(attempt.pk, 0),
            is_waiting=attempt.pk in waiting,
            kept=attempt.captured_minor > attempt.refunded_minor,
            is_undisturbed=attempt.pk not in disturbed,
        )


@dataclass(frozen=True, slots=True)
class Returned:
    """A payment of which refunds came back: all of them, and what its buyer's bank has kept and is not set off."""

    order_reference: str
    refunds: Sequence[RefundShares]
    kept_minor: int


def refunds_that_came_back(*, reason: str) -> Iterator[Returned]:
    """Yield each payment of which a refund under this reason was sent, and came to nothing."""
    undone = Refund.objects.filter(reason=reason, state__in=UNPAID_REFUND_STATES)
    came_back = undone.exclude(state=RefundState.CANCELED, sent_at=None)
    attempts = Attempt.objects.filter(pk__in=came_back.values("attempt")).select_related("intent")
    for attempt in attempts.order_by("pk"):
        lost = attempt.disputes.filter(state=DisputeState.LOST)
        yield Returned(
            order_reference=attempt.intent.order_reference,
            refunds=refund_shares(refundable_parts(attempt.intent)),
            kept_minor=sum(dispute.withdrawn_minor - dispute.offset_minor for dispute in lost),
        )


def _waiting() -> set[int]:
    captures = Capture.objects.filter(state=CaptureState.PENDING)
    undecided = Dispute.objects.filter(state__in=UNDECIDED_DISPUTE_STATES)
    return {*captures.values_list("attempt_id", flat=True), *undecided.values_list("attempt_id", flat=True)}


def _unearned_refunds() -> dict[int, dict[str, int]]:
    live = RefundPart.objects.exclude(refund__state__in=UNPAID_REFUND_STATES)
    shares = live.values_list("refund__attempt_id", "refund__public_id")
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for attempt, refund, minor in shares.annotate(total=Sum(F("amount_minor") - F("earned_minor"))).order_by():
        found[attempt][refund] = minor
    return found
