"""Campaigns: what takes longer than the suite may. Each has a command, and most a cut in the suite."""

import os
import random
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Campaign:
    """The tests of `make attack-{name}`, which runs them with ``TALLY_ATTACK={name}``."""

    name: str

    @property
    def runs(self) -> bool:
        """Return whether it is this one that runs."""
        return os.environ.get("TALLY_ATTACK") == self.name

    @property
    def only(self) -> pytest.MarkDecorator:
        """Return the mark of a test that the suite leaves out."""
        return pytest.mark.skipif(not self.runs, reason=f"only in make attack-{self.name}")

    def effort[T](self, short: T, long: T) -> T:
        """Return the suite's setting, or the campaign's."""
        return long if self.runs else short

    def seed(self, default: int) -> int:
        """Return and print the seed: ``TALLY_ATTACK_SEED``, or a new one in the campaign, or always the same."""
        chosen = int(
            os.environ.get("TALLY_ATTACK_SEED") or self.effort(default, random.SystemRandom().randrange(2**32))
        )
        print(f"TALLY_ATTACK_SEED={chosen}")  # noqa: T201 - pytest shows it where the test fails
        return chosen


# Whole services, started, killed and stopped in every way.
PROCESSES = Campaign("processes")
# What happens to payments and orders, in any order.
PAYMENTS = Campaign("payments")
