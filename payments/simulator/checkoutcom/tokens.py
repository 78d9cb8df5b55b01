"""The tokens (``tok_``) and instruments (``src_``) that this Checkout.com knows, and what comes of each.

Checkout.com's own are random; here the name says it: ``src_visa`` pays, ``src_decline_20051`` is declined so.
"""

import re
from dataclasses import dataclass, replace

from payments.simulator.faults import Fault

_NAME = re.compile(r"(?P<kind>src|tok)_(?P<card>[A-Za-z0-9]+?)(?:_decline_(?P<code>\w{5}))?(?:_\w+)?")


@dataclass(frozen=True, slots=True)
class Card:
    """What happens to a payment with this card."""

    response_code: str = "10000"
    asks_first: bool = False  # 3-D Secure
    is_slow: bool = False  # captures, voids and refunds are decided later
    captures_fail: bool = False
    refunds_fail: bool = False  # after they have succeeded
    fault: Fault | None = None
    short_minor: int = 0  # how much less is authorised than was asked for


CARDS: dict[str, Card] = {
    "visa": Card(),
    "3ds": Card(asks_first=True),
    "slow": Card(is_slow=True),
    "captureFails": Card(is_slow=True, captures_fail=True),
    "refundFails": Card(refunds_fail=True),
    # They pay like visa, and something goes wrong on the way.
    "dropReply": Card(fault=Fault.DROP_REPLY),
    "lateReply": Card(fault=Fault.SLOW),
    "resetBefore": Card(fault=Fault.RESET),
    "error500": Card(fault=Fault.ERROR_500),
    "error500After": Card(fault=Fault.ERROR_500_AFTER),
    "rateLimit": Card(fault=Fault.RATE_LIMIT),
    "otherAmount": Card(short_minor=1),
}

SUMMARIES = {
    "10000": "Approved",
    "20051": "Insufficient funds",
    "20151": "Cardholder failed 3DS authentication",
    "20152": "Initial 3DS transaction not completed within 15 minutes",
    "20154": "3DS authentication required",
    "30043": "Stolen card - Pick up",
}


def card(token: str) -> Card | None:
    """Return the card behind a token: ``src_visa``, ``tok_visa_1``, ``src_visa_decline_20051``, ``src_3ds``."""
    match = _NAME.fullmatch(token)
    found = CARDS.get(match["card"]) if match else None
    if match is None or found is None:
        return None
    return replace(found, response_code=match["code"]) if match["code"] else found


def summary(code: str) -> str:
    """Return a response code in words."""
    return SUMMARIES.get(code, "Declined")
