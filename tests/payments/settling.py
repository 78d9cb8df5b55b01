"""Settlement lines as a PSP tells them, read and settled."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django_subatomic.db import transaction

from ledger import queries as ledger
from ledger.money import Money
from payments.keep_lines import keep_lines
from payments.models import Break, SettlementLine
from payments.psp.settlement import SettlementLine as ToldLine
from payments.settle_line import settle_line
from payments.states import LineKind
from tests.factories import NOW

K = LineKind


def told(kind: LineKind, minor: int, *, fee: int = 0, currency: str = "EUR", **more: Any) -> ToldLine:
    """Return a line about the payment ``pi_1``, its refund ``re_1``, its dispute ``du_1`` or the payout ``po_1``."""
    of = {K.CHARGE: "pi_1", K.REFUND: "re_1", K.REFUND_FAILURE: "re_1", K.DISPUTE: "du_1", K.DISPUTE_REVERSAL: "du_1"}
    about = of.get(kind, "po_1" if kind in (K.PAYOUT, K.PAYOUT_RETURN) else "")
    line = ToldLine(
        line_id=f"txn_{kind}",
        kind=kind,
        gross=Money(minor, currency),
        fee=Money(fee, currency),
        net=Money(minor - fee, currency),
        occurred_at=NOW,
        psp_reference=about,
        payment_reference="pi_1" if kind in of else "",
    )
    return replace(line, **more)


def converted(line: ToldLine, original: Money, rate: str | None) -> ToldLine:
    return replace(line, original=original, exchange_rate=None if rate is None else Decimal(rate))


def read(*lines: ToldLine, account: str = "main") -> list[SettlementLine]:
    """Read a page with these lines, and return the rows."""
    with transaction():
        keep_lines(psp="stripe", account=account, lines=lines, now=NOW)
    rows = SettlementLine.objects.filter(psp_account=account, line_id__in=[line.line_id for line in lines])
    by_id = {row.line_id: row for row in rows}
    return [by_id[line.line_id] for line in lines]


def settled(*lines: ToldLine) -> list[str]:
    """Read and settle these lines, in this order; return their states."""
    return [str(settle_line(line_pk=row.pk, now=NOW)) for row in read(*lines)]


def balances(currency: str = "EUR") -> dict[str, int]:
    """Return what is on each account, on its normal side, in minor units; empty ones left out."""
    codes = {
        "receivable": "assets:psp:stripe:receivable",
        "bank": "assets:bank:main",
        "disputed": "assets:psp:stripe:disputed",
        "chargebacks": "expenses:chargebacks",
        "dispute fees": "expenses:dispute_fees",
        "fees": "expenses:psp_fees:stripe",
        "suspense": "suspense:stripe",
        "fx": "equity:fx",
        "orders": "liabilities:orders",
        "refunds": "liabilities:refunds",
    }
    found = {name: ledger.totals(code=code)[currency] for name, code in codes.items()}
    return {name: minor for name, minor in found.items() if minor}


def breaks() -> list[tuple[str, str, int, bool, bool]]:
    """Return (kind, state, amount, received, in suspense) of every break."""
    rows = Break.objects.order_by("pk")
    return [(row.kind, row.state, row.amount_minor, row.received, row.in_suspense) for row in rows]
