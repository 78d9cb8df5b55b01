"""What the service still has to do before everything outside has had its effect."""

from exactly_once import handlers, inbox, relay_lag, webhook_delivery
from payments import sweep


def backlog() -> dict[str, int]:
    """Return how many of each are open; empty once all is done."""
    counts = {
        "inbox events": inbox.open_count(),
        **{f"outbox events for {sink}": lag.events for sink, lag in relay_lag.lags().items()},
        "handler runs": handlers.open_count(),
        "webhook deliveries": webhook_delivery.count(state="pending"),
        "dead webhook deliveries": webhook_delivery.count(state="dead"),
        "payment attempts": sweep.open_attempts(),
        "captures": sweep.open_captures(),
        "refunds": sweep.open_refunds(),
    }
    return {name: count for name, count in counts.items() if count}
