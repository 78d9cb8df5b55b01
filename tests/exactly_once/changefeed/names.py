"""What the tests follow, and how hard they try."""

import os
import random

SLOT = "feed_under_test"
TABLES = ("fruit", "crate")

CAMPAIGN = os.environ.get("TALLY_ATTACK") == "changefeed"


def effort[T](short: T, long: T) -> T:
    """Return the default suite's setting, or that of `make attack-changefeed`."""
    return long if CAMPAIGN else short


def seed(default: int) -> int:
    """Return and print the seed: ``TALLY_ATTACK_SEED``, or a new one in a campaign, or always the same."""
    chosen = int(os.environ.get("TALLY_ATTACK_SEED") or effort(default, random.SystemRandom().randrange(2**32)))
    print(f"TALLY_ATTACK_SEED={chosen}")  # noqa: T201 - pytest shows it where the test fails
    return chosen
