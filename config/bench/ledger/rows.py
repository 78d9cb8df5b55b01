"""Measures the cases, one row after the other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from config.bench import pgbench
from config.bench.ledger import calls
from config.bench.ledger.cases import Case, SizeCase
from config.bench.ledger.lab import Lab
from config.bench.ledger.works import NotInstalled, Prepared
from config.bench.pairs import Pair, Ratio, ratio_of, run_pairs
from config.bench.waits import Wait, sampled

# The tables of transactions and entries with their indexes, and what is stored out of line.
_SIZE = "SELECT pg_total_relation_size('ledger_transaction') + pg_total_relation_size('ledger_entry')"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how much to measure.

    :param sized: transactions that the size is measured over.
    """

    seconds: float
    pairs: int
    sized: int


@dataclass(frozen=True, slots=True)
class RatioRow:
    """How fast we are beside another: rates in transactions a second."""

    name: str
    title: str
    clients: int
    against: str
    pairs: list[Pair]
    ratio: Ratio
    target: float | None
    waits: list[Wait]

    @property
    def met(self) -> bool | None:
        """Return whether the target was reached, None where there is none."""
        return None if self.target is None else self.ratio.median >= self.target


@dataclass(frozen=True, slots=True)
class SizeRow:
    """How many bytes a transaction of 2 entries takes, with its indexes."""

    name: str
    title: str
    transactions: int
    bytes_each: float
    target: int

    @property
    def met(self) -> bool:
        """Return whether it is no more than the target."""
        return self.bytes_each <= self.target


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that could not be measured, and why."""

    name: str
    title: str
    reason: str


type Row = RatioRow | SizeRow | SkippedRow


def rows(
    *, lab: Lab, effort: Effort, chosen: Iterable[tuple[Case | SizeCase, int]], tell: Callable[[str], None]
) -> Iterator[Row]:
    """Measure the cases, each with so many clients.

    :param tell: hears what is being measured.
    """
    for case, clients in chosen:
        tell(f"{case.name}, {clients} clients")
        if isinstance(case, SizeCase):
            yield _size_row(lab, effort, case, clients)
        else:
            yield _ratio_row(lab, effort, case, clients)


def _ratio_row(lab: Lab, effort: Effort, case: Case, clients: int) -> RatioRow | SkippedRow:
    try:
        against, ours = case.against(lab, clients), case.ours(lab, clients)
    except NotInstalled as error:
        return SkippedRow(case.name, case.title, str(error))
    pairs = run_pairs(ours=ours.run, against=against.run, pairs=effort.pairs, seconds=effort.seconds)
    ratio, target = ratio_of(pairs), case.target_at(clients)
    missed = target is not None and ratio.median < target
    waits = _waits(lab, effort, ours) if missed else []
    return RatioRow(case.name, case.title, clients, case.against_title, pairs, ratio, target, waits)


def _waits(lab: Lab, effort: Effort, ours: Prepared) -> list[Wait]:
    """Run ours once more and look on: outside the pairs, so that looking costs neither side."""
    with sampled(url=lab.server.owner_url("postgres"), database=ours.database) as waits:
        ours.run(effort.seconds)
    return waits


def _size_row(lab: Lab, effort: Effort, case: SizeCase, clients: int) -> SizeRow:
    database = lab.fresh("work")
    before = int(lab.server.ask(_SIZE, database=database))
    script = calls.posting(entries=2, accounts=lab.accounts)
    each = effort.sized // clients
    pgbench.run_script(url=lab.server.url(database), script=script, clients=clients, each=each)
    grown = int(lab.server.ask(_SIZE, database=database)) - before
    return SizeRow(case.name, case.title, each * clients, grown / (each * clients), case.max_bytes)
