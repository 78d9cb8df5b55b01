"""Stored cards that do what they are called. A shopper's reference stands before each: ``anybody.pays``."""

from dataclasses import dataclass

from payments.simulator.faults import Fault


@dataclass(frozen=True, slots=True)
class Card:
    """What happens to a payment with this card."""

    refusal: tuple[str, str] | None = None  # code and text
    asks_first: bool = False  # 3-D Secure
    capture_fails: bool = False
    refund_is_refused: bool = False
    refund_fails_later: bool = False
    fault: Fault | None = None
    short_minor: int = 0  # how much less is authorised than was asked for


NOT_AUTHENTICATED = ("11", "3D Not Authenticated")

CARDS: dict[str, Card] = {
    "pays": Card(),
    "refused": Card(("2", "Refused")),
    "refusedNotEnoughBalance": Card(("12", "Not enough balance")),
    "refusedIssuerUnavailable": Card(("9", "Issuer Unavailable")),
    "refusedExpiredCard": Card(("6", "Expired Card")),
    "refusedFraud": Card(("20", "FRAUD")),
    "asksFirst": Card(asks_first=True),
    "asksFirstRefused": Card(("12", "Not enough balance"), asks_first=True),
    "captureFails": Card(capture_fails=True),
    "refundRefused": Card(refund_is_refused=True),
    "refundFails": Card(refund_fails_later=True),
    # These pay, and something goes wrong on the way.
    "dropReply": Card(fault=Fault.DROP_REPLY),
    "slow": Card(fault=Fault.SLOW),
    "resetBefore": Card(fault=Fault.RESET),
    "error500": Card(fault=Fault.ERROR_500),
    "error500After": Card(fault=Fault.ERROR_500_AFTER),
    "rateLimit": Card(fault=Fault.RATE_LIMIT),
    "otherAmount": Card(short_minor=1),
}
