"""Find payouts that are not the sum of the lines that the PSP says go out by them."""

from datetime import datetime

from django.db.models import Count, F, Min, Q, Sum
from django_subatomic.db import transaction

from ledger.money import Money
from payments.accounted import EARLY_LIMIT
from payments.models import Break, Payout, SettlementLine
from payments.open_break import Finding, known_break, open_break
from payments.resolve_break import supersede_break
from payments.states import BreakKind, BreakState, LineKind


def find_unbalanced_payouts(*, now: datetime) -> int:
    """Open a break about each, a day after its own line was read; return how many are new.

    One that comes to another sum later has another break, and one that adds up by then has none.
    """
    paid_out = SettlementLine.objects.exclude(payout_reference="")
    own = Q(kind=LineKind.PAYOUT, psp_reference=F("payout_reference"), imported_at__lt=now - EARLY_LIMIT)
    sums = paid_out.values_list("psp", "psp_account", "payout_reference").annotate(
        left=Sum("net_minor"), lines=Count("pk"), known=Count("pk", filter=own), currency=Min("currency")
    )
    off = {row[:3]: row[3] for row in sums.filter(known=1, lines__gt=1).exclude(left=0).order_by()}
    _supersede_others(off, now)
    found = 0
    for (psp, account, reference), left in off.items():
        payout = Payout.objects.filter(psp=psp, psp_account=account, psp_reference=reference).first()
        if payout is not None:
            found += _open(payout, Money(int(left), payout.currency), now)
    return found


@transaction
def _open(payout: Payout, left: Money, now: datetime) -> bool:
    finding = Finding(
        kind=BreakKind.UNEXPLAINED,
        book=payout.book,
        psp=payout.psp,
        psp_account=payout.psp_account,
        subject=_subject(payout.psp_reference, left.amount_minor),
        money=Money(abs(left.amount_minor), left.currency),
        received=left.amount_minor > 0,
        in_suspense=False,
        detail=f"The lines that go out by {payout}, and it, come to {left}, and not to nothing.",
        psp_reference=payout.psp_reference,
    )
    if known_break(finding=finding) is not None:
        return False
    open_break(finding=finding, now=now)
    return True


@transaction
def _supersede_others(off: dict[tuple[str, str, str], int], now: datetime) -> None:
    still = {(psp, account, _subject(reference, left)) for (psp, account, reference), left in off.items()}
    held = Break.objects.select_for_update(no_key=True).filter(
        kind=BreakKind.UNEXPLAINED, state=BreakState.OPEN, subject__startswith="payout:"
    )
    for each in held.order_by("pk"):
        if (each.psp, each.psp_account, each.subject) not in still:
            supersede_break(held=each, reason="its lines come to another sum by now", now=now)


def _subject(reference: str, left_minor: int) -> str:
    return f"payout:{reference}:{left_minor}"
