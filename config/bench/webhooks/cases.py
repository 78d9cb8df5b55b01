"""What is measured: webhooks beside a plain view, batches of events beside TPC-B-like, and how long one event takes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.bench import pgbench
from config.bench.http_load import Load, run
from config.bench.pairs import Pair, Ratio, Work, ratio_of, run_pairs
from config.bench.webhooks import senders
from config.bench.webhooks.stand import Stand

CONNECTIONS = 16
TPCB_CLIENTS = 8
BATCH = 1_000
# More than any server here answers: a run must not end because there is nothing left to send.
MOST_PER_SECOND = 6_000
MOST_BATCHES_PER_SECOND = 60
MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class RateRow:
    """Events a second, beside another rate."""

    name: str
    title: str
    against: str
    pairs: list[Pair]
    ratio: Ratio
    target: float | None
    p99_ms: float
    against_p99_ms: float | None

    @property
    def met(self) -> bool | None:
        """Return whether the target was reached, None where there is none."""
        return None if self.target is None else self.ratio.median >= self.target


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """The 99th percentile at half the largest load, beside that of the plain view at its own half."""

    name: str
    title: str
    p99_ms: float
    against_p99_ms: float
    target: float

    @property
    def ratio(self) -> float:
        """Return how many times as long we took."""
        return self.p99_ms / self.against_p99_ms

    @property
    def met(self) -> bool:
        """Return whether it is no more than the target."""
        return self.ratio <= self.target


type Row = RateRow | LatencyRow
NAMES = ("new", "duplicates", "batches", "latency")


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often to measure."""

    seconds: float
    pairs: int


def rows(*, stand: Stand, effort: Effort, only: list[str], tell: Callable[[str], None]) -> Iterator[Row]:
    """Measure what is asked for, or everything."""
    measures: dict[str, Callable[[Stand, Effort], Row]] = {
        "new": _new,
        "duplicates": _duplicates,
        "batches": _batches,
        "latency": _latency,
    }
    for name in only or NAMES:
        tell(name)
        stand.settle()
        yield measures[name](stand, effort)


class _Timed:
    """Runs of one kind of request; remembers how long each answer took."""

    def __init__(self, stand: Stand, requests: Callable[[float], Iterator[bytes]], *, events_each: int = 1) -> None:
        self._stand, self._requests, self._events_each = stand, requests, events_each
        self.latencies: list[float] = []

    def __call__(self, seconds: float) -> float:
        requests = self._requests(seconds)
        load = run(port=self._stand.port, requests=requests, connections=CONNECTIONS, seconds=seconds)
        self.latencies += load.latencies
        return load.rate * self._events_each

    @property
    def p99_ms(self) -> float:
        return Load(0, self.latencies).quantile(0.99) * MILLISECONDS


def _plain(stand: Stand) -> _Timed:
    again = senders.webhooks(stand, count=500, path="/plain/stripe/main")
    return _Timed(stand, lambda _seconds: senders.over_and_over(again))


def _new(stand: Stand, effort: Effort) -> Row:
    def fresh(seconds: float) -> Iterator[bytes]:
        return iter(senders.webhooks(stand, count=int(MOST_PER_SECOND * seconds)))

    return _beside_plain(stand, effort, "new", "webhooks, each new", _Timed(stand, fresh), target=0.6)


def _duplicates(stand: Stand, effort: Effort) -> Row:
    known = senders.webhooks(stand, count=500)
    run(port=stand.port, requests=iter(known), connections=CONNECTIONS, seconds=60)
    again = _Timed(stand, lambda _seconds: senders.over_and_over(known))
    return _beside_plain(stand, effort, "duplicates", "webhooks, each known", again, target=0.8)


def _beside_plain(stand: Stand, effort: Effort, name: str, title: str, ours: _Timed, *, target: float) -> RateRow:
    plain = _plain(stand)
    pairs = _pairs(ours, plain, effort)
    return RateRow(name, title, "plain view", pairs, ratio_of(pairs), target, ours.p99_ms, plain.p99_ms)


def _batches(stand: Stand, effort: Effort) -> Row:
    def fresh(seconds: float) -> Iterator[bytes]:
        return iter(senders.event_batches(stand, count=int(MOST_BATCHES_PER_SECOND * seconds) + 1, size=BATCH))

    ours = _Timed(stand, fresh, events_each=BATCH)
    pairs = _pairs(ours, lambda seconds: _tpcb(stand, seconds), effort)
    title = f"events in batches of {BATCH:,}"
    return RateRow("batches", title, "TPC-B-like", pairs, ratio_of(pairs), 5.0, ours.p99_ms, None)


def _tpcb(stand: Stand, seconds: float) -> float:
    return pgbench.tpcb_rate(url=stand.tpcb_url, clients=TPCB_CLIENTS, seconds=seconds)


def _latency(stand: Stand, effort: Effort) -> Row:
    """Find the largest load of each, and then send half of it at fixed times."""
    plain = senders.webhooks(stand, count=500, path="/plain/stripe/main")

    def fresh(seconds: float) -> Iterator[bytes]:
        return iter(senders.single_events(stand, count=int(MOST_PER_SECOND * seconds)))

    ours = _half_load_p99(stand, fresh, effort)
    beside = _half_load_p99(stand, lambda _seconds: senders.over_and_over(plain), effort)
    return LatencyRow("latency", "p99 of a single event at half load", ours, beside, 5.0)


def _half_load_p99(stand: Stand, requests: Callable[[float], Iterator[bytes]], effort: Effort) -> float:
    seconds = effort.seconds * effort.pairs
    most = run(port=stand.port, requests=requests(seconds), connections=CONNECTIONS, seconds=seconds).rate
    half = run(port=stand.port, requests=requests(seconds), connections=CONNECTIONS, seconds=seconds, rate=most / 2)
    return half.quantile(0.99) * MILLISECONDS


def _pairs(ours: Work, against: Work, effort: Effort) -> list[Pair]:
    # Once for nothing: connections are opened, statements planned, modules loaded.
    ours(1.0)
    against(1.0)
    return run_pairs(ours=ours, against=against, pairs=effort.pairs, seconds=effort.seconds)
