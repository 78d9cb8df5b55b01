"""What the service still has to do before everything outside has had its effect."""

from exactly_once import handlers, inbox, relay
from payments import sweep


def backlog() -> dict[str, int]:
    """Return how many of each are open; empty once all is done."""
    counts = {
        "inbox events": inbox.open_count(),
        "outbox events": relay.behind(sink=relay.HANDLERS),
        "outbox events for webhooks": relay.behind(sink=relay.WEBHOOKS),
        "handler runs": handlers.open_count(),
        "payment attempts": sweep.open_attempts(),
        "refunds": sweep.open_refunds(),
    }
    return {name: count for name, count in counts.items() if count}
