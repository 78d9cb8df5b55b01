"""What must always be true of settlement lines; ``manage.py verify`` asks."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from exactly_once.verification import CheckResult
from payments.accounted import EARLY_LIMIT
from payments.models import BreakRefund, Payout, Refund, SettlementImport, SettlementLine
from payments.states import UNPAID_REFUND_STATES, BreakResolution, LineKind, LineState, PayoutState, RefundState

# Within so long the PSP tells that it took back what it had sent, and the line that says so is read.
RETURN_LIMIT = timedelta(days=5)


def checks(*, now: datetime) -> Iterator[CheckResult]:
    """Run every check of settlement lines, as of ``now``."""
    yield _lines_are_settled(now)
    yield _payouts_add_up(now)
    yield _what_came_back_has_a_line(now)
    yield _what_breaks_gave_back_had_come(now)
    yield _settlement_is_read(now)


def _lines_are_settled(now: datetime) -> CheckResult:
    before = now - EARLY_LIMIT
    new = Q(state=LineState.NEW, imported_at__lt=before)
    to_be_looked_at = Q(finding__resolution=BreakResolution.SUPERSEDED, finding__resolved_at__lt=before)
    late = SettlementLine.objects.filter(new | to_be_looked_at)
    return CheckResult.of(
        "payments: every settlement line is what we know, or has a break that names it",
        SettlementLine.objects.count(),
        list(late.values_list("line_id", flat=True)),
    )


def _payouts_add_up(now: datetime) -> CheckResult:
    """Look whether each payout's lines, its own among them, come to nothing, once all of them should be known."""
    paid_out = SettlementLine.objects.exclude(payout_reference="").values_list("psp", "psp_account", "payout_reference")
    of_itself = Q(kind=LineKind.PAYOUT, psp_reference=F("payout_reference"), imported_at__lt=now - EARLY_LIMIT)
    payouts = paid_out.annotate(left=Sum("net_minor"), lines=Count("pk"), known=Count("pk", filter=of_itself))
    whole = payouts.filter(known=1, lines__gt=1).order_by()
    wrong = [f"{payout}: {left} too much" for _, _, payout, left, *_ in whole.exclude(left=0)]
    return CheckResult.of("payments: every payout is the sum of its settlement lines", whole.count(), wrong)


def _what_came_back_has_a_line(now: datetime) -> CheckResult:
    """Look whether what failed after the PSP had taken it off what it owes us was added again."""
    before = now - RETURN_LIMIT
    unpaid = Q(state__in=[str(state) for state in UNPAID_REFUND_STATES])
    refunds, of_breaks = (
        rows.filter(unpaid, settled_at__lt=before).annotate(
            left=Count("lines", filter=Q(lines__kind=LineKind.REFUND)),
            back=Count("lines", filter=Q(lines__kind=LineKind.REFUND_FAILURE)),
        )
        for rows in (Refund.objects, BreakRefund.objects)
    )
    ended = Q(state__in=[str(PayoutState.FAILED), str(PayoutState.CANCELED)])
    payouts = Payout.objects.filter(ended, updated_at__lt=before).annotate(
        left=Count("lines", filter=Q(lines__kind=LineKind.PAYOUT)),
        back=Count("lines", filter=Q(lines__kind=LineKind.PAYOUT_RETURN)),
    )
    kept = Q(left__gt=F("back"))
    return CheckResult.of(
        "payments: what failed on its way came back in the settlement",
        refunds.count() + of_breaks.count() + payouts.count(),
        [
            *refunds.filter(kept).values_list("public_id", flat=True),
            *of_breaks.filter(kept).values_list("public_id", flat=True),
            *payouts.filter(kept).values_list("public_id", flat=True),
        ],
    )


def _what_breaks_gave_back_had_come(now: datetime) -> CheckResult:
    """Look for money paid back as more than was asked for, of a payment whose settlement says that no more was taken.

    A charge's line that has a break was not just what we asked for, or people have looked at it.
    """
    paid = BreakRefund.objects.filter(state=RefundState.SUCCEEDED, about__attempt__isnull=False)
    out = paid.filter(lines__kind=LineKind.REFUND, lines__imported_at__lt=now - EARLY_LIMIT)
    charges = SettlementLine.objects.filter(
        kind=LineKind.CHARGE,
        psp=OuterRef("psp"),
        psp_account=OuterRef("psp_account"),
        payment_reference=OuterRef("payment_reference"),
    )
    return CheckResult.of(
        "payments: what was paid back of breaks had come, by the settlement",
        out.count(),
        list(out.exclude(Exists(charges.filter(finding__isnull=False))).values_list("public_id", flat=True)),
    )


def _settlement_is_read(now: datetime) -> CheckResult:
    late = SettlementImport.objects.filter(failed_at__lt=now - EARLY_LIMIT)
    return CheckResult.of(
        "payments: the settlement of every PSP account can be read",
        SettlementImport.objects.count(),
        [f"{row.psp} {row.psp_account} since {row.failed_at}: {row.failure}" for row in late],
    )
