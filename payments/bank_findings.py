"""What does not fit between the bank and the PSPs: breaks without money in suspense.

A bank line moves nothing in the books by itself. What it shows and no payout explains is in no account of ours until
people have said what it was.
"""

from datetime import datetime

from django.conf import settings
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.models import BankLine, Break, Payout
from payments.open_break import Finding, open_break
from payments.resolve_break import supersede_break
from payments.states import BreakKind, BreakState, LineState

# Whose breaks those are that no PSP is known of.
BANK = "bank"


def difference(came: Money, promised: Money) -> Money:
    """Return what came beyond what was promised; negative: short of it."""
    return came - promised


@transaction_required
def open_bank_break(*, line: BankLine, payout: Payout | None, state: LineState, money: Money, now: datetime) -> Break:
    """Open a break about a line that ends in ``state``; ``money`` is what it shows beyond what is explained."""
    finding = Finding(
        kind=BreakKind(state),
        book=settings.PAYMENTS_BOOK if payout is None else payout.book,
        psp=BANK if payout is None else payout.psp,
        psp_account=line.bank if payout is None else payout.psp_account,
        subject=f"bank:{line.bank}:{line.line_id}",
        money=Money(abs(money.amount_minor), money.currency),
        received=money.amount_minor > 0,
        in_suspense=False,
        detail=f"Bank line of {line.booked_on}, {Money(line.amount_minor, line.currency)}: {line.detail}",
        psp_reference="" if payout is None else payout.psp_reference,
    )
    return Break.objects.get(public_id=open_break(finding=finding, now=now))


@transaction_required
def open_missing_payout(*, payout: Payout, now: datetime) -> None:
    """Open a break about a payout that the bank does not show."""
    money = Money(payout.amount_minor, payout.currency)
    finding = Finding(
        kind=BreakKind.MISSING_EXTERNAL,
        book=payout.book,
        psp=payout.psp,
        psp_account=payout.psp_account,
        subject=_missing(payout),
        money=money,
        received=False,
        in_suspense=False,
        detail=f"The payout {payout} of {money} is {payout.state} at the PSP, and in no statement of {payout.bank}.",
        psp_reference=payout.psp_reference,
    )
    open_break(finding=finding, now=now)


@transaction_required
def note_arrival(*, payout: Payout, now: datetime) -> None:
    """Supersede the break that says that a payout is missing."""
    held = Break.objects.select_for_update(no_key=True).filter(
        psp=payout.psp, psp_account=payout.psp_account, subject=_missing(payout), state=BreakState.OPEN
    )
    for each in held:
        supersede_break(held=each, reason="the bank shows it by now", now=now)


def _missing(payout: Payout) -> str:
    return f"bank:payout:{payout.public_id}"
