"""How long to wait before something is tried again."""

import random
from datetime import timedelta

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
MAX_ATTEMPTS = 20  # about eleven hours of trying; then a person has to look


def wait_after(*, attempts: int) -> timedelta:
    """Return the wait after so many attempts: exponential, with jitter so that a crowd does not come back as one."""
    wait = min(FIRST_WAIT * int(2 ** min(attempts - 1, 20)), LONGEST_WAIT)
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
