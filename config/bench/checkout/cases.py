"""What is measured: complete checkouts beside TPC-B-like, and what each of them costs."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from config.bench import pgbench
from config.bench.checkout.buyers import Purchases, Shop, buy
from config.bench.checkout.counts import Counts, counted
from config.bench.checkout.stand import SKUS, Stand
from config.bench.pairs import Pair, Ratio, ratio_of, run_pairs

BUYERS = 8
TPCB_CLIENTS = 8
TARGET = 0.04
MOST_COMMITS = 4
MOST_STATEMENTS = 30
# Of the rate of an empty shop, by one that has sold before.
LEAST_WITH_A_PAST = 0.9
MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Complete checkouts a second, beside TPC-B-like in turns, and how long each took."""

    web_workers: int
    pairs: list[Pair]
    ratio: Ratio
    p50_ms: float
    p99_ms: float

    @property
    def met(self) -> bool:
        """Return whether the target was reached."""
        return self.ratio.median >= TARGET


@dataclass(frozen=True, slots=True)
class Cost:
    """What one checkout costs, over a run of many: from the session to the webhook that confirms what is known."""

    checkouts: int
    statements: float
    asked_by_guards: float
    commits: float
    cpu_ms: dict[str, float]

    @property
    def met(self) -> bool:
        """Return whether it is no more than the targets."""
        return self.statements <= MOST_STATEMENTS and self.commits <= MOST_COMMITS


@dataclass(frozen=True, slots=True)
class Past:
    """The rates of the same shop before and after it had sold so many orders, each beside TPC-B-like."""

    orders: int
    empty: Rate
    full: Rate

    @property
    def share(self) -> float:
        """Return what is left of the empty shop's rate."""
        return self.full.ratio.median / self.empty.ratio.median

    @property
    def met(self) -> bool:
        """Return whether the target was reached."""
        return self.share >= LEAST_WITH_A_PAST


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often to measure."""

    seconds: float
    pairs: int


class _Checkouts:
    """Runs of buyers; remembers how long each checkout took."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self.purchases = Purchases()

    def __call__(self, seconds: float) -> float:
        """Return the checkouts a second: until the last one's webhook has had its effect."""
        shop = Shop(self._stand.stack.ports.web, self._stand.stack.api_key, SKUS, run=f"{time.time_ns():x}")
        began = time.perf_counter()
        bought = buy(shop=shop, buyers=BUYERS, seconds=seconds)
        self._stand.drain()
        self.purchases.latencies += bought.latencies
        return len(bought.latencies) / (time.perf_counter() - began)


def rate(*, stand: Stand, effort: Effort, web_workers: int, tell: Callable[[str], None]) -> Rate:
    """Measure how many checkouts are made in a second."""
    tell(f"checkouts, {web_workers} web processes")
    ours = _Checkouts(stand)
    ours(2.0)  # once for nothing: connections are opened, statements planned, modules loaded
    ours.purchases = Purchases()
    stand.settle()
    pairs = run_pairs(
        ours=ours, against=lambda seconds: _tpcb(stand, seconds), pairs=effort.pairs, seconds=effort.seconds
    )
    p50, p99 = (ours.purchases.quantile(share) * MILLISECONDS for share in (0.5, 0.99))
    return Rate(web_workers, pairs, ratio_of(pairs), p50, p99)


def cost(*, stand: Stand, effort: Effort, tell: Callable[[str], None]) -> Cost:
    """Count what the checkouts of one run cost, each."""
    tell("what a checkout costs")
    ours = _Checkouts(stand)
    with counted(stand=stand) as counts:
        ours(effort.seconds)
    return _each(counts, len(ours.purchases.latencies))


def _each(counts: Counts, checkouts: int) -> Cost:
    cpu_ms = {part: seconds * MILLISECONDS / checkouts for part, seconds in counts.cpu_seconds.items()}
    return Cost(
        checkouts=checkouts,
        statements=counts.statements / checkouts,
        asked_by_guards=counts.asked_by_guards / checkouts,
        commits=counts.commits / checkouts,
        cpu_ms=cpu_ms,
    )


def _tpcb(stand: Stand, seconds: float) -> float:
    return pgbench.tpcb_rate(url=stand.tpcb_url, clients=TPCB_CLIENTS, seconds=seconds)
