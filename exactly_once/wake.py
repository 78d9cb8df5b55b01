"""Wake a worker for a row. A hint: what is due stands in PostgreSQL, and sweepers find what nobody was woken for."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def wake(task: str, *ids: object) -> None:
    """Send ``task`` the ids of its row. Where the broker is away this is logged and nothing else happens."""
    try:
        current_app.send_task(task, args=ids, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("broker.away", task=task, error=type(error).__name__)
