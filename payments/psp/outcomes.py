"""Every answer that a PSP adapter may give. Closed sets: callers match over all of them.

The line that matters runs between :class:`NotSent` (not one byte left this machine) and :class:`Unknown` (something
left, and we do not know what became of it). A time-out is never a decline.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from ledger.money import Money

MAX_BRAND = 16
_LAST4 = re.compile(r"[0-9]{4}")


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
class Card:
    """What is kept of a card, for who looks a payment up: as the buyer reads it, and no more of its number."""

    brand: str
    last4: str

    @classmethod
    def told(cls, *, brand: object, last4: object) -> Self | None:
        """Return what a PSP tells of a card; None where that is not its last four digits."""
        if not isinstance(last4, str) or not _LAST4.fullmatch(last4):
            return None
        return cls(brand.lower()[:MAX_BRAND] if isinstance(brand, str) else "", last4)


@dataclass(frozen=True, slots=True)
class Approved:
    """The PSP holds (``captured=False``) or has taken (``captured=True``) this money.

    ``expires_at``: until when a hold can be captured, where the PSP says so.
    """

    psp_reference: str
    captured: bool
    money: Money
    expires_at: datetime | None = None
    card: Card | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RequiresAction:
    """The buyer has to do something at ``redirect_url`` first, such as 3-D Secure.

    Without a ``psp_reference`` the PSP has begun no payment, and begins none unless it is asked to ``finish`` it.
    """

    psp_reference: str | None
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
    card: Card | None = field(default=None, compare=False)


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
    """The payment was let go of without taking money; without a ``psp_reference`` before the PSP had begun any."""

    psp_reference: str | None


@dataclass(frozen=True, slots=True)
class Expired:
    """The payment ran out without taking money: the buyer never came, or nobody captured it in time."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The PSP is at it and has not decided: its webhook, or a look-up, will tell."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class NotFoundAtPsp:
    """The PSP's record does not have it (yet)."""


@dataclass(frozen=True, slots=True)
class NoLookUp:
    """The PSP offers no such look-up: only the same request under the same key, or its webhook, tells."""


@dataclass(frozen=True, slots=True)
class CaptureSucceeded:
    """This money was taken out of an authorisation.

    ``psp_reference`` is the PSP's word for this capture, or for its payment where it knows one capture each.
    """

    psp_reference: str
    money: Money


@dataclass(frozen=True, slots=True)
class CapturePending:
    """The PSP will take the money; its webhook, or a look-up of the payment, tells how that ended."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class CaptureFailed:
    """A definite no: nothing was taken by this capture."""

    psp_reference: str | None
    reason: str
    message: str = ""


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
class RefundRequiresAction:
    """The buyer has to do something first, such as say which account the money is to go to."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """A definite no; also after a yes, where the buyer's bank sends the money back."""

    psp_reference: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RefundCanceled:
    """It was called back: the money stays with us. Without the PSP's reference: before anybody was asked."""

    psp_reference: str | None
    reason: str


type AuthorizeOutcome = Approved | RequiresAction | Declined | NotSent | Unknown
type CaptureOutcome = CaptureSucceeded | CapturePending | CaptureFailed | NotSent | Unknown
type VoidOutcome = Voided | Pending | Declined | NotSent | Unknown
type RefundStanding = RefundSucceeded | RefundPending | RefundRequiresAction | RefundFailed | RefundCanceled
type RefundOutcome = RefundStanding | NotSent | Unknown
type RetrieveRefundOutcome = RefundOutcome | NotFoundAtPsp | NoLookUp
type RetrieveOutcome = (
    Approved | RequiresAction | Declined | Voided | Expired | Pending | NotFoundAtPsp | NoLookUp | NotSent | Unknown
)
