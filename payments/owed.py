"""What each PSP owes us, and why: the sums that its receivable account in the ledger must come to."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Case, Q, Sum, When

from payments.models import Attempt, Break, Dispute, Payout, Refund, SettlementLine
from payments.states import BreakResolution, BreakState, LineKind, LineState, PayoutState, RefundState

type Place = tuple[str, str, str]  # book, PSP, currency

_SETTLED_APART = (BreakResolution.WRITTEN_OFF, BreakResolution.CORRECTED)
_DISPUTED = When(kind__in=[str(LineKind.DISPUTE), str(LineKind.DISPUTE_REVERSAL)], then=True)


@dataclass(slots=True)
class Owed:
    """Sums in minor units of one currency. What was captured is owed; most of the others take off from it.

    :param converted_minor: what came from other currencies, less what went to others.
    :param unexplained_minor: what the PSP owes beyond all that, as open breaks say; it stands in suspense.
    :param settled_apart_minor: what it owes beyond that, as breaks said that were written off or corrected.
    """

    captured_minor: int = 0
    refunded_minor: int = 0
    disputed_minor: int = 0
    fees_minor: int = 0
    dispute_fees_minor: int = 0
    paid_out_minor: int = 0
    converted_minor: int = 0
    unexplained_minor: int = 0
    settled_apart_minor: int = 0

    @property
    def total_minor(self) -> int:
        """Return what the PSP owes us."""
        taken_off = self.refunded_minor + self.disputed_minor + self.fees_minor + self.dispute_fees_minor
        beyond = self.converted_minor + self.unexplained_minor + self.settled_apart_minor
        return self.captured_minor - taken_off - self.paid_out_minor + beyond


def owed() -> dict[Place, Owed]:
    """Return the sums of everything so far, by book, PSP and currency."""
    sums: dict[Place, Owed] = defaultdict(Owed)
    _add_payments(sums)
    _add_lines(sums)
    for book, psp, currency, total in (
        Payout.objects.filter(state=PayoutState.PAID)
        .values_list("book", "psp", "currency")
        .annotate(total=Sum("amount_minor"))
        .order_by()
    ):
        sums[book, psp, currency].paid_out_minor += total
    for book, psp, currency, received, total in (
        Break.objects.filter(in_suspense=True, state=BreakState.OPEN)
        .values_list("book", "psp", "currency", "received")
        .annotate(total=Sum("amount_minor"))
        .order_by()
    ):
        sums[book, psp, currency].unexplained_minor += total if received else -total
    apart = Break.objects.filter(in_suspense=True, resolution__in=[str(each) for each in _SETTLED_APART])
    of_breaks = apart.values_list("book", "psp", "currency", "received").annotate(total=Sum("amount_minor"))
    for book, psp, currency, received, total in of_breaks.order_by():
        sums[book, psp, currency].settled_apart_minor += total if received else -total
    return sums


def written_off() -> dict[tuple[str, str], int]:
    """Return by book and currency what was written off, in minor units: lost; below zero: won."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    found = Break.objects.filter(resolution=BreakResolution.WRITTEN_OFF).values_list("book", "currency", "received")
    for book, currency, received, total in found.annotate(total=Sum("amount_minor")).order_by():
        sums[book, currency] += -total if received else total
    return sums


def _add_payments(sums: dict[Place, Owed]) -> None:
    captured = Attempt.objects.filter(captured_minor__gt=0).values_list("intent__book", "psp", "currency")
    for book, psp, currency, total in captured.annotate(total=Sum("captured_minor")).order_by():
        sums[book, psp, currency].captured_minor += total
    paid_back = Refund.objects.filter(state=RefundState.SUCCEEDED)
    of_attempts = paid_back.values_list("attempt__intent__book", "attempt__psp", "currency")
    for book, psp, currency, total in of_attempts.annotate(total=Sum("amount_minor")).order_by():
        sums[book, psp, currency].refunded_minor += total
    disputes = Dispute.objects.values_list("attempt__intent__book", "psp", "currency")
    both = disputes.annotate(taken=Sum("withdrawn_minor"), fees=Sum("fee_minor"))
    for book, psp, currency, taken, fees in both.order_by():
        sums[book, psp, currency].disputed_minor += taken
        sums[book, psp, currency].dispute_fees_minor += fees


def _add_lines(sums: dict[Place, Owed]) -> None:
    settled = SettlementLine.objects.exclude(state=LineState.NEW)
    costly = settled.exclude(booked_fee_minor=0).annotate(disputed=Case(_DISPUTED, default=False))
    fees = costly.values_list("book", "psp", "currency", "disputed").annotate(total=Sum("booked_fee_minor"))
    for book, psp, currency, disputed, total in fees.order_by():
        if disputed:
            sums[book, psp, currency].dispute_fees_minor += total
        else:
            sums[book, psp, currency].fees_minor += total
    exchanged = settled.exclude(Q(original_minor=None) | Q(gross_minor=0))
    pairs = exchanged.values_list("book", "psp", "currency", "original_currency", "kind")
    sides = pairs.annotate(came=Sum("gross_minor"), original=Sum("original_minor"))
    for book, psp, currency, from_currency, kind, came, original in sides.order_by():
        sums[book, psp, currency].converted_minor += came
        # Of a conversion by itself, the original is signed as what it does; of others, as what became of it.
        sums[book, psp, from_currency].converted_minor += original if kind == LineKind.CONVERSION else -original
