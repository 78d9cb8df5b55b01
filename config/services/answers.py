"""Whether a server answers yet."""

import http.client

from celery import Celery

from config.services.commands import HOST

ANSWER_TIMEOUT_SECONDS = 2.0
# A worker answers at once; one that is not there yet never hears the question.
WORKER_ANSWER_TIMEOUT_SECONDS = 0.3


def http_at(*, port: int, path: str = "/") -> bool:
    """Return whether a web server answers there, whatever it says."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        connection.request("HEAD", path)
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def worker_at(*, broker_url: str) -> bool:
    """Return whether a Celery worker hears what this broker carries."""
    with Celery(broker=broker_url, set_as_current=False) as client, client.connection_for_write() as broker:
        try:
            return bool(client.control.ping(timeout=WORKER_ANSWER_TIMEOUT_SECONDS, connection=broker))
        except broker.recoverable_connection_errors:
            # The broker itself was killed, or has just started again.
            return False
