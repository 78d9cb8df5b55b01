"""What every PSP adapter offers, and every answer that it may give. Closed sets: callers match over all of them.

The line that matters runs between :class:`NotSent` (not one byte left this machine) and :class:`Unknown` (something
left, and we do not know what became of it). A time-out is never a decline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from ledger.money import Money


class DeclineReason(StrEnum):
    """Why a PSP said no, in words that are the same for every PSP and fit to be shown to a buyer.

    A card that was reported lost, stolen or suspicious is just ``card_declined``: networks and PSPs ask merchants not
    to tell whoever holds it. The PSP's own words go into :attr:`Declined.message`, for our people.
    """

    CARD_DECLINED = "card_declined"  # the bank gave no reason, or none that a buyer may hear
    INSUFFICIENT_FUNDS = "insufficient_funds"
    LIMIT_EXCEEDED = "limit_exceeded"
    EXPIRED_CARD = "expired_card"
    INCORRECT_DETAILS = "incorrect_details"  # number, date, security code, address
    NOT_SUPPORTED = "not_supported"  # this card does not do this currency or kind of purchase
    AUTHENTICATION_REQUIRED = "authentication_required"
    AUTHENTICATION_FAILED = "authentication_failed"
    DUPLICATE = "duplicate"  # the bank saw the same purchase a moment ago
    PROCESSING_ERROR = "processing_error"  # the bank or the network failed; another try may work
    INVALID_PAYMENT_METHOD = "invalid_payment_method"  # no such token at this PSP, or used up
    INVALID_REQUEST = "invalid_request"  # the PSP does not take this request at all, whatever the card
    WRONG_STATE = "wrong_state"  # the payment has moved on: captured, voided or never authorised


@dataclass(frozen=True, slots=True)
class Approved:
    """The PSP holds (``captured=False``) or has taken (``captured=True``) this money."""

    psp_reference: str
    captured: bool
    money: Money


@dataclass(frozen=True, slots=True)
class RequiresAction:
    """The buyer has to do something at ``redirect_url`` first, such as 3-D Secure."""

    psp_reference: str
    redirect_url: str


@dataclass(frozen=True, slots=True)
class Declined:
    """A definite no; ``soft`` where another try or another PSP may get a yes.

    ``reason`` is one of :class:`DeclineReason`; ``message`` is the PSP's own, never shown to buyers.
    """

    psp_reference: str | None
    reason: str
    soft: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing left this machine: no address, connection refused."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something left, and no readable answer came back."""

    detail: str


@dataclass(frozen=True, slots=True)
class Voided:
    """The payment was let go of without taking money."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The PSP is at it and has not decided."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class NotFoundAtPsp:
    """The PSP's record does not have it (yet)."""


@dataclass(frozen=True, slots=True)
class RefundSucceeded:
    """The buyer has been paid back."""

    psp_reference: str
    money: Money


@dataclass(frozen=True, slots=True)
class RefundPending:
    """The PSP will pay the buyer back."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """A definite no."""

    psp_reference: str | None
    reason: str


type AuthorizeOutcome = Approved | RequiresAction | Declined | NotSent | Unknown
type CaptureOutcome = Approved | Declined | NotSent | Unknown
type VoidOutcome = Voided | Declined | NotSent | Unknown
type RefundOutcome = RefundSucceeded | RefundPending | RefundFailed | NotSent | Unknown
type RetrieveRefundOutcome = RefundOutcome | NotFoundAtPsp
type RetrieveOutcome = Approved | RequiresAction | Declined | Voided | Pending | NotFoundAtPsp | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """A webhook about a payment; ``attempt_id`` is ours, where the PSP sends it back."""

    attempt_id: UUID | None
    psp_reference: str
    outcome: Approved | RequiresAction | Declined | Voided


@dataclass(frozen=True, slots=True)
class RefundEvent:
    """A webhook about a refund; ``refund_id`` is ours, where the PSP sends it back.

    ``payment_reference`` is the PSP's word for the payment that is refunded.
    """

    refund_id: UUID | None
    psp_reference: str
    payment_reference: str | None
    outcome: RefundSucceeded | RefundPending | RefundFailed


@dataclass(frozen=True, slots=True)
class Ignored:
    """A webhook that changes nothing here."""

    type: str


type WebhookEvent = PaymentEvent | RefundEvent | Ignored


class PspAdapter(Protocol):
    """One account at one PSP. Every ``key`` makes its request harmless to repeat, for as long as the PSP remembers."""

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Ask for the money; with ``capture`` take it at once."""
        ...

    def capture(self, *, key: str, psp_reference: str, money: Money) -> CaptureOutcome:
        """Take an authorised payment, or part of it."""
        ...

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Let go of a payment that was not captured."""
        ...

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Pay back a captured payment, or part of it."""
        ...

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Look up how a payment stands, by the PSP's reference or, without one, by our attempt."""
        ...

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        """Look up, among the refunds of a payment, how ours stands."""
        ...

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check the signature over the raw bytes and return the event's id.

        :raises BadSignature: missing, wrong or too old.
        """
        ...

    def parse_webhook(self, *, body: bytes) -> WebhookEvent:
        """Return what a verified event says.

        :raises Exception: of whatever kind on an event that makes no sense, so that it is kept and looked at.
        """
        ...
