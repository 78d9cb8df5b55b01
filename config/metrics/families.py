"""Every metric: its name, and what it says, read from PostgreSQL when somebody asks. docs/metrics.md lists them.

Names and units are as Prometheus advises: a base unit at the end, and the total of nothing that can fall. Money is in
minor units of its currency.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from prometheus_client.core import GaugeMetricFamily

from exactly_once import figures as exactly_once
from exactly_once import relay_lag
from exactly_once.changefeed.lag import slots
from ledger.seal import lag_seconds
from payments import figures as payments
from payments.figures import Waiting
from payments.states import CircuitState

type Sample = tuple[tuple[str, ...], float]


def families(*, now: datetime) -> Iterator[GaugeMetricFamily]:
    """Read every figure, as of ``now``."""
    yield from _unknown(now)
    yield from _breaks(now)
    yield from _waiting(now)
    yield _settlements(now)
    yield from _circuits()
    yield from _inbox(now)
    yield from _outbox()
    yield _gauge(
        "tally_seal_lag_seconds", [((), lag_seconds(now=now))], what="Age of the oldest posting that is not sealed."
    )
    yield from _pool()


def _unknown(now: datetime) -> Iterator[GaugeMetricFamily]:
    found = payments.unknown_attempts(now=now)
    yield _gauge(
        "tally_unknown_attempts",
        [((row.psp, row.account, row.currency, row.age), row.attempts) for row in found],
        ("psp", "account", "currency", "age"),
        what="Attempts that nobody knows the outcome of, by age.",
    )
    yield _gauge(
        "tally_unknown_minor_units",
        [((row.psp, row.account, row.currency, row.age), row.total_minor) for row in found],
        ("psp", "account", "currency", "age"),
        what="What they come to.",
    )
    yield _gauge(
        "tally_unknown_oldest_age_seconds",
        list(payments.oldest_unknown(now=now).items()),
        ("psp", "account"),
        what="For how long the oldest of them has been unknown; 0 where there is none.",
    )


def _breaks(now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "tally_open_breaks",
        [((row.kind, row.psp, row.age), row.breaks) for row in payments.open_breaks(now=now)],
        ("kind", "psp", "age"),
        what="What a PSP says and what does not fit, by age.",
    )
    yield _gauge(
        "tally_open_break_oldest_age_seconds",
        [((), payments.waiting_breaks(now=now).oldest_seconds)],
        what="Age of the oldest open break; 0 where there is none.",
    )
    yield _gauge(
        "tally_overdue_breaks", [((), payments.overdue_breaks(now=now))], what="Open breaks past their due time."
    )
    yield _gauge(
        "tally_suspense_minor_units",
        [((row.psp, row.currency), row.received_minor) for row in payments.in_suspense()],
        ("psp", "currency"),
        what="What the PSP owes us more by open breaks, and less below zero.",
    )


def _waiting(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Return the number and the oldest age of what a PSP, or a second person, has yet to end."""
    kinds: dict[str, tuple[str, Waiting]] = {
        "proposed_decisions": ("Decisions that wait for a second person", payments.proposed_decisions(now=now)),
        "pending_captures": ("Captures that have not come to their end", payments.pending_captures(now=now)),
        "pending_refunds": ("Refunds that have not come to their end", payments.pending_refunds(now=now)),
        "new_settlement_lines": ("Settlement lines that are not compared yet", payments.new_lines(now=now)),
    }
    for name, (what, waiting) in kinds.items():
        yield _gauge(f"tally_{name}", [((), waiting.number)], what=f"{what}.")
        yield _gauge(
            f"tally_{name}_oldest_age_seconds", [((), waiting.oldest_seconds)], what=f"{what}: age of the oldest."
        )


def _settlements(now: datetime) -> GaugeMetricFamily:
    return _gauge(
        "tally_settlement_unread_seconds",
        list(payments.unread_settlements(now=now).items()),
        ("psp", "account"),
        what="For how long the account's settlement cannot be read; 0 where it can.",
    )


def _circuits() -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "tally_psp_circuit_state",
        [
            ((psp, account, str(state)), float(state is current))
            for (psp, account), current in payments.circuits().items()
            for state in CircuitState
        ],
        ("psp", "account", "state"),
        what="1 for the state that the account's circuit is in, 0 for the others.",
    )


def _inbox(now: datetime) -> Iterator[GaugeMetricFamily]:
    found = exactly_once.inbox(now=now)
    labels = ("source", "state")
    yield _gauge(
        "tally_inbox_events",
        [((row.source, row.state), row.events) for row in found],
        labels,
        what="Events from outside that have not had their effect.",
    )
    yield _gauge(
        "tally_inbox_oldest_age_seconds",
        [((row.source, row.state), row.oldest_seconds) for row in found],
        labels,
        what="Age of the oldest of them.",
    )


def _outbox() -> Iterator[GaugeMetricFamily]:
    lags = relay_lag.lags()
    yield _gauge(
        "tally_relay_lag_events",
        [((sink,), lag.events) for sink, lag in lags.items()],
        ("sink",),
        what="Published events that the sink has not been given.",
    )
    yield _gauge(
        "tally_relay_lag_seconds",
        [((sink,), lag.seconds) for sink, lag in lags.items()],
        ("sink",),
        what="Age of the oldest of them.",
    )
    yield _gauge("tally_handler_runs", [((), exactly_once.waiting_runs())], what="Runs of handlers that are due.")
    yield _gauge(
        "tally_webhook_deliveries",
        [((), exactly_once.waiting_deliveries())],
        what="Deliveries to merchants' endpoints that are due.",
    )
    yield _gauge(
        "tally_change_feed_lag_bytes",
        [((slot,), lag.lag_bytes or 0) for slot, lag in slots().items()],
        ("slot",),
        what="How much of the log the change feed's sink has not had.",
    )


def _pool() -> Iterator[GaugeMetricFamily]:
    """Read the pool of the process that answers: others have their own."""
    pool: Any = getattr(connection, "pool", None)
    stats: dict[str, int] = {} if pool is None else pool.get_stats()
    told = {"max": "pool_max", "open": "pool_size", "idle": "pool_available"}
    yield _gauge(
        "tally_database_pool_connections",
        [((name,), stats.get(key, 0)) for name, key in told.items() if stats],
        ("kind",),
        what="Connections of the answering process: the most there may be, open, and idle.",
    )
    yield _gauge(
        "tally_database_pool_waiting_requests",
        [((), stats.get("requests_waiting", 0))] if stats else [],
        what="Requests of the answering process that wait for a connection.",
    )


def _gauge(name: str, samples: Iterable[Sample], labels: tuple[str, ...] = (), *, what: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=labels)
    for values, number in samples:
        family.add_metric(list(values), number)
    return family
