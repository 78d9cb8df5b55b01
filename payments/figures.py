"""How much is open, and for how long: for the pages of the admin and for whoever watches the service. Reads only.

Ages count from when a PSP was asked, or a break found. Sums are in minor units. Every read has an index to go by.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Count, F, Min, QuerySet, Sum, Value, When

from payments.models import Attempt, Break, Capture, Decision, PspCircuit, Refund, SettlementImport, SettlementLine
from payments.states import (
    OPEN_REFUND_STATES,
    AttemptState,
    BreakState,
    CaptureState,
    CircuitState,
    DecisionState,
    LineState,
)

# The youngest first; what is older than all of them is of the last age.
AGES = {
    "under_1m": timedelta(minutes=1),
    "under_10m": timedelta(minutes=10),
    "under_1h": timedelta(hours=1),
    "under_1d": timedelta(days=1),
    "under_7d": timedelta(days=7),
}
OLDEST = "over_7d"


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Attempts of one age that nobody knows the outcome of, at one PSP account, in one currency."""

    psp: str
    account: str
    currency: str
    age: str
    attempts: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Breaks:
    """Open breaks of one kind and age about one PSP."""

    kind: str
    psp: str
    age: str
    breaks: int


@dataclass(frozen=True, slots=True)
class Suspense:
    """What one PSP owes us more (or less, below zero) by open breaks, in one currency."""

    psp: str
    currency: str
    received_minor: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of something wait, and for how long the oldest has: 0 where none does."""

    number: int
    oldest_seconds: float


def unknown_attempts(*, now: datetime) -> list[Unknowns]:
    """Return what is unknown by PSP account, currency and age."""
    aged = unknown().annotate(age=_age("submitted_at", now)).values_list("psp", "psp_account", "currency", "age")
    counted = aged.annotate(attempts=Count("pk"), total=Sum("amount_minor"))
    return [Unknowns(*row) for row in counted.order_by("psp", "psp_account", "currency", "age")]


def unknown() -> QuerySet[Attempt]:
    """Return the attempts that nobody knows the outcome of."""
    return Attempt.objects.filter(state=AttemptState.UNKNOWN)


def oldest_unknown(*, now: datetime) -> dict[tuple[str, str], float]:
    """Return the age in seconds of the oldest one, by PSP and account: 0 at an account that has none."""
    found = unknown().values_list("psp", "psp_account").annotate(oldest=Min("submitted_at")).order_by()
    ages = {(psp, account): _seconds(oldest, now) for psp, account, oldest in found}
    return dict.fromkeys(_accounts(), 0.0) | ages


def open_breaks(*, now: datetime) -> list[Breaks]:
    """Return what is open by kind, PSP and age."""
    aged = _open_breaks().annotate(age=_age("opened_at", now)).values_list("kind", "psp", "age")
    return [Breaks(*row) for row in aged.annotate(breaks=Count("pk")).order_by("kind", "psp", "age")]


def waiting_breaks(*, now: datetime) -> Waiting:
    """Return how many breaks are open, and the oldest one's age."""
    return _waiting(_open_breaks(), "opened_at", now)


def overdue_breaks(*, now: datetime) -> int:
    """Return how many breaks are open past their due time."""
    return _open_breaks().filter(due_at__lt=now).count()


def in_suspense() -> list[Suspense]:
    """Return what stands in suspense by PSP and currency."""
    signed = Case(When(received=True, then=F("amount_minor")), default=-F("amount_minor"))
    found = _open_breaks().filter(in_suspense=True).values_list("psp", "currency")
    return [Suspense(*row) for row in found.annotate(received=Sum(signed)).order_by("psp", "currency")]


def proposed_decisions(*, now: datetime) -> Waiting:
    """Return how many decisions wait for a second person, and for how long the oldest has."""
    return _waiting(Decision.objects.filter(state=DecisionState.PROPOSED), "proposed_at", now)


def pending_captures(*, now: datetime) -> Waiting:
    """Return how many captures have not come to their end."""
    return _waiting(Capture.objects.filter(state=CaptureState.PENDING), "created_at", now)


def pending_refunds(*, now: datetime) -> Waiting:
    """Return how many refunds have not come to their end."""
    still = Refund.objects.filter(state__in=OPEN_REFUND_STATES, next_check_at__isnull=False)
    return _waiting(still, "created_at", now)


def new_lines(*, now: datetime) -> Waiting:
    """Return how many settlement lines are not compared with what we know."""
    return _waiting(SettlementLine.objects.filter(state=LineState.NEW), "imported_at", now)


def unread_settlements(*, now: datetime) -> dict[tuple[str, str], float]:
    """Return for how many seconds each account's settlement cannot be read, by PSP and account: 0 where it can."""
    failing = SettlementImport.objects.filter(failed_at__isnull=False).values_list("psp", "psp_account", "failed_at")
    return dict.fromkeys(_accounts(), 0.0) | {(psp, account): _seconds(since, now) for psp, account, since in failing}


def circuits() -> dict[tuple[str, str], CircuitState]:
    """Return the state of every account's circuit, by PSP and account: closed where it never failed."""
    noted = PspCircuit.objects.values_list("psp", "psp_account", "state")
    states = {(psp, account): CircuitState(state) for psp, account, state in noted}
    return dict.fromkeys(_accounts(), CircuitState.CLOSED) | states


def _accounts() -> Iterable[tuple[str, str]]:
    return [(psp, account) for psp, accounts in settings.PSP_ACCOUNTS.items() for account in accounts]


def _open_breaks() -> QuerySet[Break]:
    return Break.objects.filter(state=BreakState.OPEN)


def _age(since: str, now: datetime) -> Case:
    """Return the expression of a row's age, as one of :data:`AGES`."""
    known = [When(**{f"{since}__gt": now - age}, then=Value(name)) for name, age in AGES.items()]
    return Case(*known, default=Value(OLDEST))


def _waiting(
    rows: QuerySet[Break] | QuerySet[Decision] | QuerySet[Capture] | QuerySet[Refund] | QuerySet[SettlementLine],
    since: str,
    now: datetime,
) -> Waiting:
    found = rows.aggregate(number=Count("pk"), oldest=Min(since))
    return Waiting(found["number"], _seconds(found["oldest"], now))


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
