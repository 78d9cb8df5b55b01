"""What either side of a pair does: each function makes its database ready and returns the work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from config.bench import pgbench
from config.bench.ledger import calls
from config.bench.ledger.lab import Lab
from config.bench.pairs import Work

REPLAYED_EACH = 2_000  # known references for each client to draw from
REPLAYED_BATCH = 100


@dataclass(frozen=True, slots=True)
class Prepared:
    """Work that is ready to run, and the database that it runs on."""

    run: Work
    database: str


class NotInstalled(Exception):
    """The package that this work needs is not there. The message says how to get it."""


# Makes ready what so many clients will do.
type Prepare = Callable[[Lab, int], Prepared]


def tpcb(lab: Lab, clients: int) -> Prepared:
    """Prepare pgbench's own TPC-B-like work."""
    url = lab.tpcb
    # As pgbench itself does before a run: these collect dead rows.
    lab.server.run("VACUUM pgbench_branches, pgbench_tellers", database="tpcb")
    return Prepared(lambda seconds: pgbench.tpcb_rate(url=url, clients=clients, seconds=seconds), "tpcb")


def posting(
    *, entries: int = 2, hot: Literal["no", "plain", "striped"] = "no", existing_entries: int = 0, name: str = "work"
) -> Prepare:
    """Return what prepares single postings, one a call."""

    def prepare(lab: Lab, clients: int) -> Prepared:
        if existing_entries:
            database = lab.loaded(name, entries=existing_entries)
        else:
            database = lab.striped(name) if hot == "striped" else lab.fresh(name)

        def run(seconds: float) -> float:
            script = calls.posting(entries=entries, hot=hot != "no", accounts=lab.accounts)
            return pgbench.script_rate(url=lab.server.url(database), script=script, clients=clients, seconds=seconds)

        return Prepared(run, database)

    return prepare


def batch(size: int) -> Prepare:
    """Return what prepares postings of ``size`` transactions a call."""

    def prepare(lab: Lab, clients: int) -> Prepared:
        database = lab.fresh("work")

        def run(seconds: float) -> float:
            script = calls.batches(size=size, accounts=lab.accounts)
            url = lab.server.url(database)
            return size * pgbench.script_rate(url=url, script=script, clients=clients, seconds=seconds)

        return Prepared(run, database)

    return prepare


def replay(lab: Lab, clients: int) -> Prepared:
    """Prepare postings of references that are known: they are posted first."""
    database = lab.fresh("replayed")
    url = lab.server.url(database)
    known = calls.batches(size=REPLAYED_BATCH, accounts=lab.accounts)
    pgbench.run_script(url=url, script=known, clients=clients, each=REPLAYED_EACH // REPLAYED_BATCH)
    lab.settle(database)
    script = calls.replay(run=known.variables["run"], clients=clients, each=REPLAYED_EACH)
    return Prepared(
        lambda seconds: pgbench.script_rate(url=url, script=script, clients=clients, seconds=seconds), database
    )


def through_django(*, way: Literal["alone", "in_transaction"], size: int = 1) -> Prepare:
    """Return what prepares postings by Python processes, each a client of its own."""

    def prepare(lab: Lab, clients: int) -> Prepared:
        database = lab.fresh("work")
        arguments = [f"--way={way}", f"--clients={clients}", f"--batch={size}", f"--accounts={lab.accounts}"]

        def run(seconds: float) -> float:
            return float(lab.python(database, "config.bench.ledger.django_client", *arguments, f"--seconds={seconds}"))

        return Prepared(run, database)

    return prepare


def hordak(lab: Lab, clients: int) -> Prepared:
    """Prepare the same work by as many processes through django-hordak.

    :raises NotInstalled: the package is missing.
    """
    database = lab.hordak
    if database is None:
        raise NotInstalled("django-hordak is not installed: uv run --group bench manage.py bench ledger")

    def run(seconds: float) -> float:
        arguments = ["measure", f"--clients={clients}", f"--seconds={seconds}"]
        return float(lab.python(database, "config.bench.ledger.hordak_client", *arguments))

    return Prepared(run, database)
