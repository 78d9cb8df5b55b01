"""The proof of a payout: what the PSP owed before, what came to it, what it paid out, and what is left; and the books.

By the PSP's own lines, of one account and currency, from the payout before this one to this one. Beside each sum stands
what the books have of the same lines, by the payments, refunds, disputes and payouts that they were found to be. Where
the two differ, breaks say so, each by its name; what no break names is unexplained.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from ledger.money import Money
from payments.models import Break, Payout, SettlementLine
from payments.payout_lines import PayoutLines, payout_lines
from payments.states import SETTLED_APART, BreakKind, BreakResolution, LineKind

# What moves the balance, in the order in which people read it; the fees of all lines are one sum.
MOVEMENTS: Mapping[str, tuple[LineKind, ...]] = {
    "Captures": (LineKind.CHARGE,),
    "Refunds": (LineKind.REFUND, LineKind.REFUND_FAILURE),
    "Disputes": (LineKind.DISPUTE, LineKind.DISPUTE_REVERSAL),
    "Conversions": (LineKind.CONVERSION,),
    "Payouts that came back": (LineKind.PAYOUT_RETURN,),
    "Other": (LineKind.OTHER,),
}
FEES, PAID_OUT = "Fees", "Payout"

# What the books have of a line: of one that was converted the PSP's own sum, as the exchange was booked.
_SUMS = """
SELECT
    l.kind, count(*), sum(l.gross_minor), sum(l.fee_minor),
    coalesce(sum(CASE
        WHEN l.state = 'new' THEN 0
        WHEN l.original_minor IS NOT NULL THEN l.gross_minor
        WHEN l.kind = 'charge' THEN c.amount_minor
        WHEN l.kind = 'refund' THEN -coalesce(r.amount_minor, b.amount_minor)
        WHEN l.kind = 'refund_failure' THEN coalesce(r.amount_minor, b.amount_minor)
        WHEN l.kind = 'dispute' THEN -d.amount_minor
        WHEN l.kind = 'dispute_reversal' THEN d.amount_minor
        WHEN l.kind = 'payout' THEN -p.amount_minor
        WHEN l.kind = 'payout_return' THEN p.amount_minor
    END), 0),
    coalesce(sum(l.fee_minor) FILTER (WHERE l.state <> 'new'), 0),
    count(*) FILTER (WHERE l.state = 'new')
FROM payments_settlementline AS l
LEFT JOIN payments_capture AS c ON l.capture_id = c.id
LEFT JOIN payments_refund AS r ON l.refund_id = r.id
LEFT JOIN payments_breakrefund AS b ON l.break_refund_id = b.id
LEFT JOIN payments_dispute AS d ON l.dispute_id = d.id
LEFT JOIN payments_payout AS p ON l.payout_id = p.id
WHERE
    l.psp = %(psp)s AND l.psp_account = %(account)s AND l.currency = %(currency)s
    AND (l.occurred_at, l.kind = 'payout', l.id) > (%(after_at)s, true, %(after_id)s)
    AND (l.occurred_at, l.kind = 'payout', l.id) <= (%(until_at)s, true, %(until_id)s)
GROUP BY l.kind
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved the balance, as the PSP says and as the books have it; below zero: it took away."""

    name: str
    told: Money
    booked: Money

    @property
    def difference(self) -> Money:
        """Return what the PSP says beyond the books."""
        return self.told - self.booked


@dataclass(frozen=True, slots=True)
class Named:
    """A break that has to do with the payout.

    :param counts: whether it names a part of the difference: its money is in this currency, and the books had no place
        for it. One about the payout's own sum does not: the books have all of its lines.
    """

    public_id: str
    kind: str
    state: str
    money: Money
    counts: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A payout's proof: ``opening`` and all movements are ``closing``; all differences less what is named, nothing.

    :param since: when the payout before this one left; None where there is none.
    :param new_lines: lines that are not compared with what we know yet: no break names them.
    :param composed: which lines go out by it, where the PSP says that.
    """

    payout: Payout
    since: datetime | None
    until: datetime
    opening: Money
    movements: tuple[Movement, ...]
    closing: Money
    breaks: tuple[Named, ...]
    new_lines: int
    composed: PayoutLines | None

    @property
    def adds_up(self) -> bool:
        """Whether the opening balance and all that moved are the closing one."""
        return self.opening.amount_minor + sum(each.told.amount_minor for each in self.movements) == (
            self.closing.amount_minor
        )

    @property
    def difference(self) -> Money:
        """Return what the PSP says beyond the books, in all."""
        return Money(sum(each.difference.amount_minor for each in self.movements), self.closing.currency)

    @property
    def named(self) -> Money:
        """Return what breaks name of it."""
        return Money(sum(each.money.amount_minor for each in self.breaks if each.counts), self.closing.currency)

    @property
    def unexplained(self) -> Money:
        """Return what nothing names: zero, or somebody has to look."""
        return self.difference - self.named

    @property
    def is_proved(self) -> bool:
        """Whether every minor unit is explained."""
        return self.adds_up and not self.unexplained.amount_minor and not self.new_lines


def payout_proof(*, payout: Payout) -> Proof | None:
    """Return the proof of a payout; None while its own line is not read."""
    lines = SettlementLine.objects.filter(psp=payout.psp, psp_account=payout.psp_account, currency=payout.currency)
    paid_out = lines.filter(kind=LineKind.PAYOUT)
    own = paid_out.filter(psp_reference=payout.psp_reference).order_by("occurred_at", "pk").first()
    if own is None:
        return None
    before = paid_out.filter(_until(own)).exclude(pk=own.pk).order_by("occurred_at", "pk").last()
    within = lines.filter(_until(own))
    if before is not None:
        within = within.exclude(_until(before))
    sums = _sums(payout, before, own)
    return Proof(
        payout=payout,
        since=None if before is None else before.occurred_at,
        until=own.occurred_at,
        opening=_balance(lines.filter(_until(before)), payout) if before else Money(0, payout.currency),
        movements=tuple(_movements(sums, payout.currency)),
        closing=_balance(lines.filter(_until(own)), payout),
        breaks=tuple(_named(payout, within)),
        new_lines=sum(row[6] for row in sums),
        composed=payout_lines(payout=payout),
    )


def _until(payout: SettlementLine) -> Q:
    """Return what came before a payout's line. PSPs tell the second: what is of the same one came before, too."""
    of_this_moment = ~Q(kind=LineKind.PAYOUT) | Q(pk__lte=payout.pk)
    return Q(occurred_at__lt=payout.occurred_at) | Q(of_this_moment, occurred_at=payout.occurred_at)


def _balance(lines: Any, payout: Payout) -> Money:
    """Return what the PSP owes by these lines."""
    return Money(int(lines.aggregate(net=Coalesce(Sum("net_minor"), 0))["net"]), payout.currency)


def _sums(payout: Payout, before: SettlementLine | None, own: SettlementLine) -> list[tuple[Any, ...]]:
    named = {
        "psp": payout.psp,
        "account": payout.psp_account,
        "currency": payout.currency,
        "after_at": "-infinity" if before is None else before.occurred_at,
        "after_id": 0 if before is None else before.pk,
        "until_at": own.occurred_at,
        "until_id": own.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, named)
        return list(cursor.fetchall())


def _movements(sums: Iterable[tuple[Any, ...]], currency: str) -> Iterator[Movement]:
    by_kind = {row[0]: row for row in sums}

    def of(name: str, kinds: Iterable[LineKind]) -> Movement:
        rows = [by_kind[str(kind)] for kind in kinds if str(kind) in by_kind]
        told, booked = sum(int(row[2]) for row in rows), sum(int(row[4]) for row in rows)
        return Movement(name, Money(told, currency), Money(booked, currency))

    for name, kinds in MOVEMENTS.items():
        yield of(name, kinds)
    fees, booked_fees = sum(int(row[3]) for row in by_kind.values()), sum(int(row[5]) for row in by_kind.values())
    yield Movement(FEES, Money(-fees, currency), Money(-booked_fees, currency))
    yield of(PAID_OUT, (LineKind.PAYOUT,))


def _apart(payout: Payout, within: Any) -> Q:
    """Return what breaks held of these charges before another sum was told: such a one holds only what is beyond."""
    whole = Q(capture__amount_minor=F("capture__attempt__captured_minor"), original_minor=None)
    charges = within.filter(whole, kind=LineKind.CHARGE, finding__isnull=False)
    of_its_sum = Q(kind=BreakKind.AMOUNT_MISMATCH, in_suspense=True, currency=payout.currency)
    return of_its_sum & Q(resolution__in=SETTLED_APART, attempt__in=charges.values("capture__attempt"))


def _named(payout: Payout, within: Any) -> Iterator[Named]:
    """Return the breaks of these lines, and those about the payout itself: its sum, or what the bank shows of it."""
    about_itself = Q(subject__startswith=f"payout:{payout.psp_reference}:") | Q(
        subject__startswith="bank:", psp_reference=payout.psp_reference
    )
    of_payout = Q(about_itself, psp=payout.psp, psp_account=payout.psp_account)
    of_lines = Q(pk__in=within.values("finding")) | _apart(payout, within)
    still = of_lines | (of_payout & ~Q(resolution=BreakResolution.SUPERSEDED))
    for held in Break.objects.filter(still).order_by("pk"):
        sum_minor = held.amount_minor if held.received else -held.amount_minor
        counts = held.in_suspense and held.currency == payout.currency
        money = Money(sum_minor, held.currency)
        yield Named(held.public_id, held.kind, held.state, money, counts, held.detail)
