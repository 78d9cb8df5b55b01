"""Findings that do not fit, and what became of them."""

from django_subatomic.db import transaction

from ledger import queries as ledger
from ledger.money import Money
from payments.open_break import Finding, open_break
from payments.resolve_break import resolve_break
from payments.states import BreakKind
from tests.factories import NOW
from tests.payments.holding import RECEIVABLE

SUSPENSE = "suspense:stripe"


def line(
    minor: int = 390,
    *,
    subject: str = "line:txn_1",
    received: bool = True,
    posted: bool = True,
    currency: str = "EUR",
) -> Finding:
    """Return a line of a settlement that matches nothing of ours."""
    return Finding(
        kind=BreakKind.UNEXPLAINED,
        book="shop",
        psp="stripe",
        psp_account="main",
        subject=subject,
        money=Money(minor, currency),
        received=received,
        in_suspense=posted,
        detail="A line that matches nothing.",
    )


def found(finding: Finding) -> str:
    """Open a break about it."""
    with transaction():
        return open_break(finding=finding, now=NOW)


def resolved(break_id: str, *, by: str = "ann") -> None:
    """Resolve a break."""
    with transaction():
        resolve_break(break_id=break_id, reason="It was a fee.", by=by, now=NOW)


def balances(currency: str = "EUR") -> tuple[int, int]:
    """Return what the PSP owes us by the books, and what stands in suspense."""
    return ledger.totals(code=RECEIVABLE)[currency], ledger.totals(code=SUSPENSE)[currency]
