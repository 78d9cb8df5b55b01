"""How hard the attacks on the ledger try: a short cut in the default suite, a campaign with `make attack-ledger`."""

import os
import random

CAMPAIGN = os.environ.get("TALLY_ATTACK") == "ledger"


def effort[T](short: T, long: T) -> T:
    """Return the short cut's setting, or the campaign's."""
    return long if CAMPAIGN else short


def seed(default: int) -> int:
    """Return and print the seed: ``TALLY_ATTACK_SEED``, or a new one in a campaign, or always the same."""
    chosen = int(os.environ.get("TALLY_ATTACK_SEED") or effort(default, random.SystemRandom().randrange(2**32)))
    print(f"TALLY_ATTACK_SEED={chosen}")  # noqa: T201 - pytest shows it where the test fails
    return chosen
