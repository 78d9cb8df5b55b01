"""How many requests a client may make: counted over a sliding minute, for all web processes together.

The counters are no truth that anything depends on: they may be lost with the broker, and where they cannot be reached
every request is let through.
"""

import math
import threading
import time
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config.access.models import ApiKey

log = structlog.get_logger(__name__)

# Counting must not hold a request up: a server that does not answer by then is passed over.
STORAGE_TIMEOUT_SECONDS = 0.2

_one_at_a_time = threading.Lock()


class RateLimit(BaseThrottle):
    """Counts a client's requests, under whichever of its keys; the key's own limit, or else the setting's, holds."""

    def __init__(self) -> None:
        self._wait_seconds: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; return whether it is still within the limit."""
        if not isinstance(request.auth, ApiKey):
            return True  # refused for want of a key
        limit = _limit_of(request.auth)
        if limit is None:
            return True
        limiter, client = _limiter(), request.auth.client
        try:
            if limiter.hit(limit, client):
                return True
            self._wait_seconds = limiter.get_window_stats(limit, client).reset_time - time.time()
        except StorageError as error:
            log.warning("rate_limit.not_counted", why=repr(error.storage_error))
            return True
        return False

    def wait(self) -> float | None:
        """Return in how many seconds a request will be let through again."""
        return None if self._wait_seconds is None else max(math.ceil(self._wait_seconds), 1)


def _limit_of(key: ApiKey) -> RateLimitItem | None:
    most = settings.API_REQUESTS_PER_MINUTE if key.requests_per_minute is None else key.requests_per_minute
    return RateLimitItemPerMinute(most) if most else None


def _limiter() -> SlidingWindowCounterRateLimiter:
    # Two threads that load the library's parts at once would each see half of them.
    with _one_at_a_time:
        return _made()


@cache
def _made() -> SlidingWindowCounterRateLimiter:
    address = settings.API_RATE_LIMIT_STORAGE
    options = (
        {}
        if address.startswith("memory:")
        else {
            "wrap_exceptions": True,
            "socket_connect_timeout": STORAGE_TIMEOUT_SECONDS,
            "socket_timeout": STORAGE_TIMEOUT_SECONDS,
        }
    )
    return SlidingWindowCounterRateLimiter(storage_from_string(address, **options))
