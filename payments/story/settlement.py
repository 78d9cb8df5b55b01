"""What PSPs settled of a payment, by which payouts, and when the bank had those."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import reduce
from operator import or_

from django.db.models import Q

from exactly_once.story_item import MOST_TOLD, StoryItem, item_of
from ledger.money import Money
from payments.models import BankLine, Break, Capture, Dispute, Payout, Refund, SettlementLine
from payments.states import LineKind

OF_PAYOUTS = (LineKind.PAYOUT, LineKind.PAYOUT_RETURN)

type PayoutName = tuple[str, str, str]  # PSP, account, the PSP's reference


@dataclass(frozen=True, slots=True)
class Settled:
    """What was settled in one currency by one payout, or by none yet: ``gross`` less ``fees`` is ``net``.

    :param bank_booked_on: when our bank had it, as the bank says.
    """

    gross: Money
    fees: Money
    payout_id: str
    payout_reference: str
    payout_state: str
    bank_booked_on: str
    items: Sequence[StoryItem] = field(default=(), repr=False)

    @property
    def net(self) -> Money:
        """Return gross less fees."""
        return self.gross - self.fees


def lines_of(
    *, captures: Sequence[Capture], refunds: Sequence[Refund], disputes: Sequence[Dispute], breaks: Sequence[Break]
) -> list[SettlementLine]:
    """Return the settlement lines about any of these, each found by an index."""
    about = [
        Q(**{f"{name}__in": rows})
        for name, rows in (("capture", captures), ("refund", refunds), ("dispute", disputes), ("finding", breaks))
        if rows
    ]
    if not about:
        return []
    found = SettlementLine.objects.filter(reduce(or_, about)).exclude(kind__in=OF_PAYOUTS)
    return list(found.order_by("occurred_at", "pk")[:MOST_TOLD])


def line_items(lines: Iterable[SettlementLine]) -> Iterator[StoryItem]:
    """Yield each line."""
    for line in lines:
        net = Money(line.net_minor, line.currency)
        original = Money(line.original_minor, line.original_currency) if line.original_minor is not None else ""
        yield item_of(
            line,
            ("Line", line.line_id),
            ("Gross", Money(line.gross_minor, line.currency)),
            ("Fee", Money(line.fee_minor, line.currency)),
            ("Was", original),
            ("Goes out by", line.payout_reference),
            ("Why it is as it is", line.detail),
            ("Read at", line.imported_at),
            at=line.occurred_at,
            kind="settlement",
            text=f"{line.psp} settled a {line.kind.replace('_', ' ')}: {net}",
        )


def settled_of(lines: Sequence[SettlementLine]) -> list[Settled]:
    """Return what these lines come to by currency and payout, in two queries."""
    grouped: dict[tuple[PayoutName, str], list[SettlementLine]] = {}
    for line in lines:
        grouped.setdefault(((line.psp, line.psp_account, line.payout_reference), line.currency), []).append(line)
    payouts = _payouts({name for name, _ in grouped if name[2]})
    bank = bank_lines([payout.pk for payout in payouts.values()])
    told: set[int] = set()
    rows = []
    for (name, currency), found in sorted(grouped.items(), key=lambda group: group[0]):
        payout = payouts.get(name)
        booked = bank.get(payout.pk, []) if payout else []
        is_new = payout is not None and payout.pk not in told
        items = [*payout_items(payout), *bank_items(booked)] if payout and is_new else []
        told |= {payout.pk} if payout else set()
        rows.append(
            Settled(
                gross=Money(sum(line.gross_minor for line in found), currency),
                fees=Money(sum(line.fee_minor for line in found), currency),
                payout_id=payout.public_id if payout else "",
                payout_reference=name[2],
                payout_state=payout.state if payout else "",
                bank_booked_on=", ".join(f"{line.booked_on:%Y-%m-%d}" for line in booked),
                items=items,
            )
        )
    return rows


def _payouts(names: set[PayoutName]) -> Mapping[PayoutName, Payout]:
    if not names:
        return {}
    named = (Q(psp=psp, psp_account=account, psp_reference=reference) for psp, account, reference in sorted(names))
    found = Payout.objects.filter(reduce(or_, named))
    return {(payout.psp, payout.psp_account, payout.psp_reference): payout for payout in found}


def bank_lines(payouts: Sequence[int]) -> dict[int, list[BankLine]]:
    """Return what banks have booked of these payouts, by payout."""
    found: dict[int, list[BankLine]] = {}
    for line in BankLine.objects.filter(payout__in=payouts).order_by("booked_on", "pk") if payouts else ():
        found.setdefault(line.payout_id or 0, []).append(line)
    return found


def payout_items(payout: Payout) -> Iterator[StoryItem]:
    """Yield a payout, and where it stands."""
    yield item_of(
        payout,
        ("Payout", payout.public_id),
        ("At the PSP", payout.psp_reference),
        ("Is to arrive on", payout.arrives_on),
        ("Stands so since", payout.updated_at),
        at=payout.created_at,
        kind="payout",
        text=f"{payout.psp} pays out {Money(payout.amount_minor, payout.currency)} in all",
    )


def bank_items(lines: Iterable[BankLine]) -> Iterator[StoryItem]:
    """Yield what a bank has booked: it tells days."""
    for line in lines:
        yield item_of(
            line,
            ("Bank", line.bank),
            ("Line", line.line_id),
            ("Reference", line.reference),
            ("From", line.counterparty),
            ("Matched by", line.settled_by),
            ("Read at", line.imported_at),
            at=datetime.combine(line.booked_on, time(), UTC),
            kind="bank line",
            text=f"The bank booked {Money(line.amount_minor, line.currency)}",
        )
