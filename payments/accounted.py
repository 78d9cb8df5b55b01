"""What a comparison of a settlement line with what we know comes to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.money import Money
from payments.models import Attempt, Break, BreakRefund, Capture, Dispute, Payout, Refund, SettlementLine
from payments.states import OPEN_REFUND_STATES, PENDING_ATTEMPT_STATES, LineKind, LineState

# A line may be read before the one that it follows from: within a day that one is read, too.
EARLY_LIMIT = timedelta(days=1)


class TooEarlyError(Exception):
    """The line follows from another one that is not settled yet: to be tried again. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Accounted:
    """How a line stands to what we know.

    :param explained: what the books have of it, signed like the line; None: nothing.
    :param detail: where it is not matched, a sentence for people.
    :param finding: the break that has what is not explained, where one was opened on the way.
    """

    state: LineState
    explained: Money | None = None
    detail: str = ""
    attempt: Attempt | None = field(default=None, repr=False)
    capture: Capture | None = field(default=None, repr=False)
    refund: Refund | None = field(default=None, repr=False)
    break_refund: BreakRefund | None = field(default=None, repr=False)
    dispute: Dispute | None = field(default=None, repr=False)
    payout: Payout | None = field(default=None, repr=False)
    finding: Break | None = field(default=None, repr=False)


def told_by(line: SettlementLine) -> Money:
    """Return what moved, in the currency that the buyer paid in, where the PSP tells that."""
    if line.original_minor is None or line.kind == LineKind.CONVERSION or not line.gross_minor:
        return Money(line.gross_minor, line.currency)
    return Money(line.original_minor, line.original_currency)


def attempt_of(line: SettlementLine) -> Attempt | None:
    """Return the attempt at the payment that the line is about."""
    attempts = Attempt.objects.select_related("intent").filter(psp=line.psp, psp_account=line.psp_account)
    exact = attempts.filter(psp_reference=line.payment_reference).first() if line.payment_reference else None
    if exact is not None or line.our_id is None:
        return exact
    return attempts.filter(uuid=line.our_id).first() or attempts.filter(captures__uuid=line.our_id).first()


def is_young(line: SettlementLine, now: datetime) -> bool:
    """Whether what the line follows from may still be read."""
    return now - line.imported_at < EARLY_LIMIT


def missing(line: SettlementLine, detail: str, now: datetime) -> Accounted:
    """Return that we know of no such thing.

    :raises TooEarlyError: it may be what we have asked for and do not know the PSP's name of yet.
    """
    if is_young(line, now) and _may_be_ours(line):
        raise TooEarlyError(f"{detail} It may be one that the PSP has not told us its name of.")
    return Accounted(LineState.MISSING_INTERNAL, detail=detail)


def _may_be_ours(line: SettlementLine) -> bool:
    told, of_account = told_by(line), {"psp": line.psp, "psp_account": line.psp_account}
    sum_minor = abs(told.amount_minor)
    if line.kind in (LineKind.REFUND, LineKind.REFUND_FAILURE):
        refunds = Refund.objects.filter(**{f"attempt__{name}": value for name, value in of_account.items()})
        unnamed = refunds.filter(state__in=OPEN_REFUND_STATES, psp_reference=None)
        of_breaks = BreakRefund.objects.filter(**{f"about__{name}": value for name, value in of_account.items()})
        unnamed_too = of_breaks.filter(state__in=OPEN_REFUND_STATES, psp_reference=None)
        same = {"amount_minor": sum_minor, "currency": told.currency}
        return unnamed.filter(**same).exists() or unnamed_too.filter(**same).exists()
    attempts = Attempt.objects.filter(**of_account, state__in=PENDING_ATTEMPT_STATES, psp_reference=None)
    # A bank takes back no more than was paid.
    return attempts.filter(amount_minor__gte=sum_minor, currency=told.currency).exists()
