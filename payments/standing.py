"""How the payment of an order stands, for who ships it, cancels it or takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django_subatomic.db import transaction_required

from payments.locks import lock_intent
from payments.models import Attempt
from payments.part_rows import RefundShares, refund_shares, refundable_parts
from payments.psp.registry import get_adapter
from payments.states import (
    LIVE_ATTEMPT_STATES,
    UNDECIDED_DISPUTE_STATES,
    AttemptState,
    CaptureState,
    DisputeState,
    VoidState,
)

type PartName = tuple[str, str, str]  # Part.name


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment that was made or is held. Sums are in minor units of its currency.

    :param refunded: what refunds have of each part, by its name; ``unearned_refunded``: before that was earned.
    :param refunds: each refund by itself, those that came to nothing before what takes their place.
    :param is_disputed: the buyer's bank has taken money back, and has not decided yet whose it is.
    :param lost_minor: what it has given to the buyer for good; ``offset_minor`` of that for goods that are not sent.
    :param is_capturing: a capture is under way; ``is_busy``: that, or a void: what is left to take is not known.
    """

    state: AttemptState
    captures_at_once: bool
    several_captures: bool
    asked_minor: int
    captured_minor: int
    refunded_minor: int
    disputed_minor: int
    is_disputed: bool
    lost_minor: int
    offset_minor: int
    is_capturing: bool
    is_busy: bool
    refunded: Mapping[PartName, int]
    unearned_refunded: Mapping[PartName, int]
    refunds: Sequence[RefundShares]

    @property
    def is_captured(self) -> bool:
        """Whether all that will be taken has been."""
        return self.state is AttemptState.CAPTURED

    @property
    def is_held(self) -> bool:
        """Whether some of it can still be taken."""
        return self.state is AttemptState.AUTHORIZED

    @property
    def refundable(self) -> int:
        """Return how much can be paid back: what the buyer's bank has taken back is not, once more."""
        return max(self.captured_minor - self.refunded_minor - self.disputed_minor, 0)


@transaction_required
def payment_standing(*, order_reference: str) -> Standing | None:
    """Lock the intent of an order and return how it is paid for; None where nothing is paid or held (any more)."""
    intent = lock_intent(order_reference=order_reference)
    if intent is None:
        return None
    live = Attempt.objects.select_for_update(no_key=True).filter(intent=intent, state__in=LIVE_ATTEMPT_STATES)
    attempt = live.first()
    if attempt is None:
        return None
    rows = refundable_parts(intent)
    disputes = list(attempt.disputes.all()) if attempt.disputed_minor else []
    pending = attempt.captures.filter(state=CaptureState.PENDING).exists()
    return Standing(
        state=AttemptState(attempt.state),
        captures_at_once=attempt.captures_at_once,
        several_captures=get_adapter(psp=attempt.psp, account=attempt.psp_account).several_captures,
        asked_minor=attempt.amount_minor,
        captured_minor=attempt.captured_minor,
        refunded_minor=attempt.refunded_minor,
        disputed_minor=attempt.disputed_minor,
        is_disputed=any(dispute.state in UNDECIDED_DISPUTE_STATES for dispute in disputes),
        lost_minor=sum(dispute.withdrawn_minor for dispute in disputes if dispute.state == DisputeState.LOST),
        offset_minor=sum(dispute.offset_minor for dispute in disputes),
        is_capturing=pending,
        is_busy=pending or attempt.voids.filter(state=VoidState.PENDING).exists(),
        refunded={row.name: row.refunded_minor for row in rows},
        unearned_refunded={row.name: row.unearned_refunded_minor for row in rows},
        refunds=refund_shares(rows),
    )
