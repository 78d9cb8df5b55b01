"""Stripe's test payment methods (its docs, "Testing"), and ours that misbehave."""

from dataclasses import dataclass

from payments.simulator.faults import Fault


@dataclass(frozen=True, slots=True)
class Card:
    """What happens to a payment with this card."""

    decline_code: str | None = None
    asks_first: bool = False  # 3-D Secure
    refund_begins: str = "succeeded"
    refund_ends: str = "succeeded"
    fault: Fault | None = None
    short_minor: int = 0  # how much less is taken than was asked for


CARDS: dict[str, Card] = {
    **dict.fromkeys(("pm_card_visa", "pm_card_mastercard", "pm_card_amex"), Card()),
    "pm_card_chargeDeclined": Card(decline_code="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Card(decline_code="insufficient_funds"),
    "pm_card_chargeDeclinedLostCard": Card(decline_code="lost_card"),
    "pm_card_chargeDeclinedStolenCard": Card(decline_code="stolen_card"),
    "pm_card_chargeDeclinedVelocityLimitExceeded": Card(decline_code="card_velocity_exceeded"),
    "pm_card_chargeDeclinedExpiredCard": Card(decline_code="expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": Card(decline_code="incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": Card(decline_code="processing_error"),
    "pm_card_radarBlock": Card(decline_code="fraudulent"),
    "pm_card_authenticationRequired": Card(asks_first=True),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        asks_first=True, decline_code="insufficient_funds"
    ),
    "pm_card_pendingRefund": Card(refund_begins="pending"),
    "pm_card_refundFail": Card(refund_ends="failed"),
    # Ours: they pay like pm_card_visa, and something goes wrong on the way.
    "pm_tally_dropReply": Card(fault=Fault.DROP_REPLY),
    "pm_tally_slow": Card(fault=Fault.SLOW),
    "pm_tally_resetBefore": Card(fault=Fault.RESET),
    "pm_tally_error500": Card(fault=Fault.ERROR_500),
    "pm_tally_error500After": Card(fault=Fault.ERROR_500_AFTER),
    "pm_tally_rateLimit": Card(fault=Fault.RATE_LIMIT),
    "pm_tally_otherAmount": Card(short_minor=1),
    # Ours: the buyer has to say where their refund is to go, and does, or it is called back.
    "pm_tally_refundAsksFirst": Card(refund_begins="requires_action"),
    "pm_tally_refundCanceled": Card(refund_begins="requires_action", refund_ends="canceled"),
}


def card(token: str | None) -> Card | None:
    """Return the card behind a token. Some of Stripe's exist with and without ``visa_``."""
    return CARDS.get((token or "").replace("pm_card_visa_", "pm_card_"))


# The codes that Stripe gives instead of ``card_declined``.
OWN_CODES = frozenset({"expired_card", "incorrect_cvc", "processing_error"})
