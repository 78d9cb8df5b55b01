"""What a PSP's webhook may say. A closed set: the handler matches over all of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from ledger.money import Money
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CaptureSucceeded,
    Declined,
    Expired,
    RefundStanding,
    RequiresAction,
    Voided,
)
from payments.states import DisputeState, PayoutState


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """A webhook about a payment; ``attempt_id`` is ours, where the PSP sends it back."""

    attempt_id: UUID | None
    psp_reference: str
    outcome: Approved | RequiresAction | Declined | Voided | Expired


@dataclass(frozen=True, slots=True)
class CaptureEvent:
    """A webhook about one capture; ``capture_id`` is ours, where the PSP sends it back."""

    capture_id: UUID | None
    psp_reference: str
    payment_reference: str | None
    outcome: CaptureSucceeded | CaptureFailed


@dataclass(frozen=True, slots=True)
class RefundEvent:
    """A webhook about a refund; ``refund_id`` is ours, where the PSP sends it back.

    ``payment_reference`` is the PSP's word for the payment that is refunded.
    """

    refund_id: UUID | None
    psp_reference: str
    payment_reference: str | None
    outcome: RefundStanding


@dataclass(frozen=True, slots=True)
class DisputeEvent:
    """A webhook about a dispute, as the dispute stands now.

    ``money`` is what the buyer's bank wants back, ``fee`` what the PSP charges for it, where it says so.
    """

    psp_reference: str
    payment_reference: str
    state: DisputeState
    money: Money
    reason: str
    evidence_due_at: datetime | None = None
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class PayoutEvent:
    """A webhook about a payout to our bank account, as the payout stands now."""

    psp_reference: str
    state: PayoutState
    money: Money
    arrives_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A webhook that changes nothing here; ``about``: the PSP's names of what it speaks of, for who looks for it."""

    type: str
    about: frozenset[str] = field(default=frozenset(), compare=False)


type WebhookEvent = PaymentEvent | CaptureEvent | RefundEvent | DisputeEvent | PayoutEvent | Ignored
