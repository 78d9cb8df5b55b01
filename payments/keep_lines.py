"""Keep settlement lines as a PSP tells them, each once, wherever they come from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.models import SettlementLine
from payments.open_break import Finding, open_break
from payments.psp.settlement import SettlementLine as ToldLine
from payments.states import BreakKind


@transaction_required
def keep_lines(*, psp: str, account: str, lines: Sequence[ToldLine], now: datetime) -> int:
    """Keep lines of an account, to be settled later; return how many of them were new.

    Of those that are known, the payout is noted where it was not known yet. Whoever keeps lines of one account holds
    a lock on how far it is read: no two do so at once.
    """
    told = {line.line_id: line for line in lines}
    of_account = SettlementLine.objects.filter(psp=psp, psp_account=account)
    known = {row.line_id: row for row in of_account.filter(line_id__in=told)}
    new = [_row(psp, account, line, now) for line in told.values() if line.line_id not in known]
    SettlementLine.objects.bulk_create(new)
    _note_payouts([row for line_id, row in known.items() if told[line_id].payout_reference], told)
    for line_id, row in known.items():
        line = told[line_id]
        compare(
            row=row, net=line.net, gross_minor=line.gross.amount_minor, payout_reference=line.payout_reference, now=now
        )
    return len(new)


def _row(psp: str, account: str, line: ToldLine, now: datetime) -> SettlementLine:
    of = {"psp": psp, "psp_account": account, "imported_at": now, "book": settings.PAYMENTS_BOOK}
    return SettlementLine(**of, raw=dict(line.raw), **columns_of(line))


def columns_of(line: ToldLine) -> dict[str, Any]:
    """Return what a line says as columns of its row."""
    original = line.original
    return {
        "line_id": line.line_id,
        "kind": str(line.kind),
        "gross_minor": line.gross.amount_minor,
        "fee_minor": line.fee.amount_minor,
        "net_minor": line.net.amount_minor,
        "currency": line.gross.currency,
        "original_minor": None if original is None else original.amount_minor,
        "original_currency": "" if original is None else original.currency,
        "exchange_rate": line.exchange_rate,
        "psp_reference": line.psp_reference,
        "payment_reference": line.payment_reference,
        "our_id": line.our_id,
        "payout_reference": line.payout_reference,
        "payout_state": line.payout_state or "",
        "arrives_on": line.arrives_on,
        "reason": line.reason[:64],
        "occurred_at": line.occurred_at,
    }


def _note_payouts(rows: Sequence[SettlementLine], told: dict[str, ToldLine]) -> None:
    """Write which payout known lines go out by, now that it is known."""
    newly = [row for row in rows if not row.payout_reference]
    for row in newly:
        row.payout_reference = told[row.line_id].payout_reference
    SettlementLine.objects.bulk_update(newly, ["payout_reference"])


@transaction_required
def compare(*, row: SettlementLine, net: Money, gross_minor: int, payout_reference: str, now: datetime) -> None:
    """Have people look where a line that we know says something else by now: what we have of it stays."""
    known = Money(row.net_minor, row.currency)
    same = (known, row.gross_minor) == (net, gross_minor)
    if same and payout_reference in ("", row.payout_reference):
        return
    before, by_now = (each or "nothing yet" for each in (row.payout_reference, payout_reference))
    says = f"{net}, paid out by {by_now}"
    off = net - known if net.currency == known.currency else net
    finding = Finding(
        kind=BreakKind.CONTRADICTION,
        book=row.book,
        psp=row.psp,
        psp_account=row.psp_account,
        subject=f"line:{row.line_id}:{says}",
        money=Money(abs(off.amount_minor), off.currency),
        received=off.amount_minor > 0,
        in_suspense=False,
        detail=f"Line {row.line_id} was {known}, paid out by {before}; now it is {says}.",
        psp_reference=row.psp_reference,
    )
    open_break(finding=finding, now=now)
