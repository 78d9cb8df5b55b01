"""Wait for what happens by itself."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], what: str, *, within_seconds: float = 10) -> None:
    """Return once ``condition`` holds.

    :raises AssertionError: it never did.
    """
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"it never came about that {what}"
        time.sleep(0.02)
