"""What a PSP's settlement says: line by line, what it owes us more or less, and why. A closed set of kinds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger.money import Money
from payments.psp.outcomes import NotSent, Unknown
from payments.states import LineKind, PayoutState


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One line of an account's settlement. Its amounts say what they add to what the PSP owes us; negative: take away.

    :param line_id: the PSP's own, the same however often the line is told.
    :param gross: what moved, before the PSP's fee, in the currency that it settles in. A fee by itself has none.
    :param fee: what the PSP keeps for its work; negative: gives back.
    :param net: ``gross`` less ``fee``, as the PSP says.
    :param psp_reference: the PSP's word for what moved: the capture, the refund, the dispute, the payout.
    :param payment_reference: its word for the payment, where it is about one.
    :param our_id: ours, where the PSP sends it back: of the attempt or the capture, of the refund.
    :param original: the gross in the currency that the buyer paid in, where the PSP converted it; of a ``conversion``
        what it took for the gross. Signed like the gross; of a conversion, the other way.
    :param exchange_rate: units of the gross's currency per unit of the original's, as the PSP says, where it does.
    :param payout_reference: the payout that the line is paid out by, where that is known yet. Told again later, a line
        may have one.
    :param payout_state: how the payout stands, on a line of one. None: it has arrived.
    :param reason: why, in the PSP's words.
    :param raw: what the PSP said, without what buyers told it of themselves.
    :raises ValueError: the amounts contradict each other.
    """

    line_id: str
    kind: LineKind
    gross: Money
    fee: Money
    net: Money
    occurred_at: datetime
    psp_reference: str = ""
    payment_reference: str = ""
    our_id: UUID | None = None
    original: Money | None = None
    exchange_rate: Decimal | None = None
    payout_reference: str = ""
    payout_state: PayoutState | None = None
    arrives_on: date | None = None
    reason: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.line_id or self.gross - self.fee != self.net:
            raise ValueError(f"line {self.line_id!r}: {self.gross} less {self.fee} are not {self.net}")
        if self.original is None:
            if self.exchange_rate is not None or self.kind is LineKind.CONVERSION:
                raise ValueError(f"line {self.line_id}: converted, and nobody knows what")
            return
        if self.original.currency == self.gross.currency or not self._is_signed_alike(self.original):
            raise ValueError(f"line {self.line_id}: {self.original} converted are not {self.gross}")
        if self.exchange_rate is not None and not (self.exchange_rate.is_finite() and self.exchange_rate > 0):
            raise ValueError(f"line {self.line_id}: {self.exchange_rate} is no rate")

    def _is_signed_alike(self, original: Money) -> bool:
        """Whether one can have become the other; little money may have become none."""
        product = original.amount_minor * self.gross.amount_minor
        signed = -product if self.kind is LineKind.CONVERSION else product
        return signed > 0 or (self.gross.amount_minor == 0 and original.amount_minor != 0)


type Lines = tuple[SettlementLine, ...]


@dataclass(frozen=True, slots=True)
class SettlementPage:
    """Some lines, in any order, and from where to go on: now, if there is ``more``; otherwise another time."""

    lines: Lines
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class NoSettlementLines:
    """The PSP does not tell them by itself: its files are uploaded."""


type SettlementOutcome = SettlementPage | NoSettlementLines | NotSent | Unknown
