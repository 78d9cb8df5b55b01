"""What is measured, against what, and how good it is to be."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from config.bench.ledger.works import Prepare, batch, hordak, posting, replay, through_django, tpcb

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the report for each number of clients.

    :param target: the ratio to reach; None where the row is there for information. Nothing is asked of one client.
    :param full_only: takes minutes to prepare.
    """

    name: str
    title: str
    ours: Prepare
    clients: tuple[int, ...]
    target: float | None = None
    against: Prepare = tpcb
    against_title: str = "TPC-B-like"
    full_only: bool = False

    def target_at(self, clients: int) -> float | None:
        """Return the target for so many clients."""
        return self.target if clients > 1 else None


@dataclass(frozen=True, slots=True)
class SizeCase:
    """The row that is no ratio: what a transaction takes on disk, with its indexes."""

    name: str
    title: str
    max_bytes: int
    clients: tuple[int, ...] = (8,)
    full_only: bool = False


def _existing(entries: int, label: str, *, full_only: bool = False) -> Case:
    return Case(
        f"existing-{label.lower()}",
        f"posting, 2 entries, at {label} entries",
        posting(existing_entries=entries, name="loaded"),
        (8,),
        target=0.8,
        against=posting(),
        against_title="at 0 entries",
        full_only=full_only,
    )


CASES = (
    Case("posting-2", "posting, 2 entries", posting(entries=2), (1, 8, 32), target=1.3),
    Case("posting-4", "posting, 4 entries", posting(entries=4), (1, 8, 32), target=1.0),
    Case("hot-striped", "one hot account, striped", posting(hot="striped"), (8, 32), target=1.1),
    Case("hot", "one hot account, one row", posting(hot="plain"), (8, 32)),
    Case("django", "through Django, one raw call", through_django(way="alone"), (8, 32), target=0.9),
    Case("django-transaction", "through Django, in a transaction", through_django(way="in_transaction"), (8,)),
    Case("batch-100", "batch of 100", batch(100), (8,), target=4.0),
    Case("batch-1000", "batch of 1,000", batch(1_000), (8,), target=4.0),
    Case("django-batch", "through Django, batch of 1,000", through_django(way="in_transaction", size=1_000), (8,)),
    Case(
        "replay",
        "replay of a known reference",
        replay,
        (8, 32),
        target=4.0,
        against=posting(),
        against_title="our postings",
    ),
    _existing(MILLION, "1M"),
    _existing(10 * MILLION, "10M", full_only=True),
    Case(
        "hordak",
        "through Django, one raw call",
        through_django(way="alone"),
        (8,),
        target=4.0,
        against=hordak,
        against_title="django-hordak",
    ),
    Case(
        "hordak-transaction",
        "through Django, in a transaction",
        through_django(way="in_transaction"),
        (8,),
        target=4.0,
        against=hordak,
        against_title="django-hordak",
    ),
)

SIZE = SizeCase("size", "a transaction of 2 entries on disk", max_bytes=450)

NAMES = (*(case.name for case in CASES), SIZE.name)


def chosen_cases(
    *, only: Collection[str], full: bool, clients: Collection[int]
) -> Iterator[tuple[Case | SizeCase, int]]:
    """Return what to measure, with how many clients.

    :param only: names of cases; empty for all.
    :param full: whether to measure what takes minutes to prepare, too; what is named is measured anyway.
    :param clients: these numbers of clients; empty for all that a case has.
    """
    for case in (*CASES, SIZE):
        if case.name in only or (not only and (full or not case.full_only)):
            for number in case.clients:
                if not clients or number in clients:
                    yield case, number
