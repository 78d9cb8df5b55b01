"""Two kinds of work, run in turns: what else happens on the machine meets both, and only their ratio counts."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

# Runs for so many seconds, returns how many transactions it made a second.
type Work = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Pair:
    """The rates, per second, of a run of ours and of the run beside it."""

    ours: float
    against: float

    @property
    def ratio(self) -> float:
        """Return how many times as fast we were."""
        return self.ours / self.against


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratios of several pairs."""

    median: float
    lowest: float
    highest: float


def run_pairs(*, ours: Work, against: Work, pairs: int, seconds: float) -> list[Pair]:
    """Run both in turns. Who begins changes from pair to pair: a machine that slows down favours neither."""
    done = []
    for turn in range(pairs):
        if turn % 2:
            rate = ours(seconds)
            done.append(Pair(ours=rate, against=against(seconds)))
        else:
            rate = against(seconds)
            done.append(Pair(ours=ours(seconds), against=rate))
    return done


def ratio_of(pairs: list[Pair]) -> Ratio:
    """Return the median of the pairs' ratios, and how far they lie apart."""
    ratios = [pair.ratio for pair in pairs]
    return Ratio(median(ratios), min(ratios), max(ratios))
