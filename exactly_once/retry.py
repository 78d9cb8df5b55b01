"""Run a transaction again that PostgreSQL chose as a victim. Only for those who open transactions."""

import functools
from collections.abc import Callable

import structlog
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, SerializationFailure

log = structlog.get_logger(__name__)

MAX_TRIES = 3


def retry_on_conflict[**P, R](opener: Callable[P, R]) -> Callable[P, R]:
    """Call ``opener`` up to three times while it ends in a deadlock or a serialization failure.

    Never put around anything that talks to the outside: the second run would say it twice.
    """

    @functools.wraps(opener)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for tried in range(1, MAX_TRIES):
            try:
                return opener(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
                    raise
                log.warning("transaction.retried", opener=opener.__qualname__, tried=tried)
        return opener(*args, **kwargs)

    return run
