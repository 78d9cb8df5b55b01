"""How each PSP account does: what it was asked, what it approved, and what that has cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Aggregate, Count, IntegerField, Q, Sum

from ledger import queries as ledger
from ledger.errors import LedgerNotFound
from ledger.money import Money
from payments.chart import fees
from payments.models import Attempt, PspCircuit
from payments.states import AttemptState, CircuitState

A = AttemptState
_APPROVED = Q(authorized_at__isnull=False) | Q(captured_minor__gt=0)


@dataclass(frozen=True, slots=True)
class Performance:
    """One account over some time. Counts are of attempts; ``slowest_ms`` is what 95 of 100 answers took at most."""

    psp: str
    account: str
    circuit: str
    asked: int
    approved: int
    declined: int
    failed: int
    unknown: int
    median_ms: int | None = None
    slowest_ms: int | None = None

    @property
    def authorisation_rate(self) -> float | None:
        """Of what the bank decided, the share that it approved, between 0 and 1; None where nothing was decided."""
        decided = self.approved + self.declined
        return self.approved / decided if decided else None


class Percentile(Aggregate):
    """The value that so large a share of the rows has at most."""

    function = "percentile_disc"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a PSP has charged in one book and currency, ever, beside what was captured there."""

    book: str
    psp: str
    captured: Money
    fees: Money

    @property
    def share(self) -> float | None:
        """Of what was captured, the share that went to the PSP; None where nothing was captured."""
        captured = self.captured.amount_minor
        return self.fees.amount_minor / captured if captured else None


def performance(*, since: datetime) -> list[Performance]:
    """Return how every account did that the settings have, or that was asked ``since``."""
    rows = (
        Attempt.objects.filter(submitted_at__gte=since)
        .values("psp", "psp_account")
        .annotate(
            asked=Count("pk"),
            approved=Count("pk", filter=_APPROVED),
            declined=Count("pk", filter=Q(state=A.DECLINED)),
            failed=Count("pk", filter=Q(ask_failed=True)),
            unknown=Count("pk", filter=Q(state=A.UNKNOWN)),
            median_ms=Percentile("answered_in_ms", share=0.5),
            slowest_ms=Percentile("answered_in_ms", share=0.95),
        )
        .order_by("psp", "psp_account")
    )
    counts: dict[tuple[str, str], dict[str, Any]] = {(row["psp"], row["psp_account"]): dict(row) for row in rows}
    accounts = {(psp, account) for psp, names in settings.PSP_ACCOUNTS.items() for account in names}
    circuits = {(row.psp, row.psp_account): str(row.state) for row in PspCircuit.objects.all()}
    return [
        Performance(
            psp=psp,
            account=account,
            circuit=circuits.get((psp, account), str(CircuitState.CLOSED)),
            **{
                name: int(counts.get((psp, account), {}).get(name, 0))
                for name in ("asked", "approved", "declined", "failed", "unknown")
            },
            median_ms=counts.get((psp, account), {}).get("median_ms"),
            slowest_ms=counts.get((psp, account), {}).get("slowest_ms"),
        )
        for psp, account in sorted(accounts | counts.keys())
    ]


def costs() -> list[Cost]:
    """Return what each PSP has charged: as booked, so from its own settlement lines."""
    rows = (
        Attempt.objects.filter(captured_minor__gt=0)
        .values_list("intent__book", "psp", "currency")
        .annotate(captured=Sum("captured_minor"))
        .order_by("intent__book", "psp", "currency")
    )
    return [
        Cost(
            book=book,
            psp=psp,
            captured=Money(captured, currency),
            fees=_booked(book, fees(psp), currency),
        )
        for book, psp, currency, captured in rows
    ]


def _booked(book: str, account: str, currency: str) -> Money:
    try:
        return ledger.balance(book=book, account=account, currency=currency).balance
    except LedgerNotFound:
        return Money(0, currency)  # no fee has come yet
