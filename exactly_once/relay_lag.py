"""How far each sink of the relay is behind, and the warning when one is too far. The feeding is relay.py's business."""

from datetime import timedelta

import structlog
from django.conf import settings

from exactly_once.event_stream import STREAM
from exactly_once.relay import SINKS, Lag, lag

log = structlog.get_logger(__name__)


def lags() -> dict[str, Lag]:
    """Return how far each sink is behind that this service feeds."""
    sinks = [*SINKS, STREAM] if settings.EVENT_STREAM_URL else SINKS
    return {sink: lag(sink=sink) for sink in sinks}


def warn(*, older_than: timedelta) -> list[str]:
    """Log ``relay.lagging`` for every sink whose oldest undelivered event is older; return those sinks.

    Either no relay is at work, or a transaction that has long been open anywhere on the server holds it up.
    """
    late = {sink: found for sink, found in lags().items() if found.seconds > older_than.total_seconds()}
    for sink, found in late.items():
        log.warning("relay.lagging", sink=sink, events=found.events, oldest_seconds=round(found.seconds))
    return list(late)
