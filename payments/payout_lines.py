"""What a payout consists of, by its settlement lines."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from ledger.money import Money
from payments.models import Payout, SettlementLine
from payments.states import LineKind


@dataclass(frozen=True, slots=True)
class PayoutLines:
    """The lines that go out by a payout: ``gross`` less ``fees`` is what it should be.

    :param by_kind: the net by kind of line.
    :param unexplained: what the payout is beyond that, or short of it: nothing, once all its lines are read.
    """

    count: int
    gross: Money
    fees: Money
    by_kind: Mapping[str, Money]
    unexplained: Money

    @property
    def net(self) -> Money:
        """Return gross less fees."""
        return self.gross - self.fees


def payout_lines(*, payout: Payout) -> PayoutLines | None:
    """Return what goes out by a payout, its own line left out; None while no such line is known."""
    by = {"psp": payout.psp, "psp_account": payout.psp_account, "payout_reference": payout.psp_reference}
    lines = SettlementLine.objects.filter(**by, currency=payout.currency).exclude(payout=payout, kind=LineKind.PAYOUT)
    sums = lines.aggregate(count=Count("pk"), gross=Coalesce(Sum("gross_minor"), 0), fees=Coalesce(Sum("fee_minor"), 0))
    if not sums["count"]:
        return None
    nets = lines.values_list("kind").annotate(net=Sum("net_minor")).order_by("kind")
    gross, fees = Money(int(sums["gross"]), payout.currency), Money(int(sums["fees"]), payout.currency)
    return PayoutLines(
        count=sums["count"],
        gross=gross,
        fees=fees,
        by_kind={kind: Money(int(net), payout.currency) for kind, net in nets},
        unexplained=Money(payout.amount_minor, payout.currency) - (gross - fees),
    )
