"""Wake a worker for a row. A hint: what is due stands in PostgreSQL, and sweepers find what nobody was woken for."""

from time import monotonic

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from opentelemetry.trace import SpanKind

from exactly_once import tracing

log = structlog.get_logger(__name__)

# A broker that is away costs its caller up to three seconds (settings: the transport's time-outs). After that nobody in
# this process knocks for so long: a crowd of requests would each pay the same for nothing.
PAUSE_SECONDS = 5.0


class _Broker:
    away_until = 0.0  # on the monotonic clock; a race between threads costs one more knock


def wake(task: str, *ids: object, follows: str = "") -> bool:
    """Send ``task`` the ids of its row; return whether that went out. Where the broker is away nothing else happens.

    :param follows: the ``traceparent`` that the row keeps. The message has its own in a header.
    """
    if monotonic() < _Broker.away_until:
        return False
    try:
        with tracing.span(f"send {task}", kind=SpanKind.PRODUCER, follows=follows):
            current_app.send_task(task, args=ids, headers=_headers(), retry=False)
    except (OperationalError, OSError) as error:
        _Broker.away_until = monotonic() + PAUSE_SECONDS
        log.warning("broker.away", task=task, error=type(error).__name__)
        return False
    return True


def _headers() -> dict[str, str]:
    traceparent = tracing.traceparent()
    return {"traceparent": traceparent} if traceparent else {}
