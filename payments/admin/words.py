"""Sums and ages as people read them."""

from datetime import datetime

from ledger.money import Money
from payments.figures import OLDEST

# The names of the ages, the youngest first.
AGE_WORDS = {
    "under_1m": "under 1 minute",
    "under_10m": "1 to 10 minutes",
    "under_1h": "10 to 60 minutes",
    "under_1d": "1 to 24 hours",
    "under_7d": "1 to 7 days",
    OLDEST: "over 7 days",
}


def money(amount_minor: int | None, currency: str) -> str:
    """Return a sum, or a dash where there is none."""
    return "-" if amount_minor is None else str(Money(amount_minor, currency)).replace(" ", "\N{NO-BREAK SPACE}")


def age(since: datetime, now: datetime) -> str:
    """Return how long ago it was, in its two largest units."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
