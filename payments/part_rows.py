"""A payment's parts in the database, and the shares that refunds have in them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django_subatomic.db import transaction_required

from exactly_once.together import Write, insert, write_together
from ledger.allocation import allocate
from ledger.money import Money
from payments.models import IntentPart, PaymentIntent, Refund, RefundPart
from payments.parts import Part, PartKind, check_parts, off_earned
from payments.posting_rules import Sale
from payments.states import UNPAID_REFUND_STATES, RefundState

type PartName = tuple[str, str, str]  # Part.name


@dataclass(frozen=True, slots=True)
class RefundShares:
    """What a refund has of each part, by its name, or had before it came to nothing (``is_undone``).

    ``is_called_off``: before the PSP was asked for it, by a dispute.
    """

    public_id: str
    reason: str
    is_undone: bool
    is_called_off: bool
    shares: Mapping[PartName, int]


def parts_of(intent: PaymentIntent) -> list[Part]:
    """Return what the intent collects for, in the order in which that was said."""
    return [_part(row, row.amount_minor, intent.currency) for row in intent.parts.order_by("pk")]


@transaction_required
def write_first_parts(*, intent: PaymentIntent, parts: Sequence[Part], beside: Write | None = None) -> list[Any]:
    """Write a new intent and what it collects for, in one statement; return what is read ``beside``.

    :raises InvalidParts: ``parts_invalid``.
    """
    check_parts(parts=parts, money=Money(intent.amount_minor, intent.currency))
    rows = _rows(intent, parts)
    collected = [insert(*rows, parent="intent")] if rows else []
    *_, read = write_together(insert(intent), *collected, *([beside] if beside else []))
    return read


@transaction_required
def write_parts(*, intent: PaymentIntent, parts: Sequence[Part]) -> None:
    """Write what the intent, whose row is locked and saved, collects for in place of what it did.

    :raises InvalidParts: ``parts_invalid``.
    """
    check_parts(parts=parts, money=Money(intent.amount_minor, intent.currency))
    written = parts_of(intent)
    if written == list(parts):
        return
    if written:
        intent.parts.all().delete()
    IntentPart.objects.bulk_create(_rows(intent, parts))


def _rows(intent: PaymentIntent, parts: Sequence[Part]) -> list[IntentPart]:
    return [
        IntentPart(
            intent=intent,
            kind=part.kind,
            reference=part.reference,
            jurisdiction=part.jurisdiction,
            quantity=part.quantity,
            amount_minor=part.money.amount_minor,
        )
        for part in parts
    ]


def refundable_parts(intent: PaymentIntent) -> list[IntentPart]:
    """Return the intent's parts with all that refunds have of them; the attempt is locked, so that none is added."""
    return list(intent.parts.order_by("pk").prefetch_related("shares__refund"))


def refund_shares(rows: Sequence[IntentPart]) -> list[RefundShares]:
    """Return each refund of a payment with what it has of these parts, in the order in which that came to be.

    One that was undone counts from then on: it comes before those that were asked for in its place, and after others.
    """
    refunds: dict[int, Refund] = {}
    shares: dict[int, dict[PartName, int]] = defaultdict(dict)
    for row in rows:
        for share in row.shares.all():
            refunds[share.refund_id] = share.refund
            shares[share.refund_id][row.name] = share.amount_minor
    return [
        RefundShares(
            public_id=refund.public_id,
            reason=refund.reason,
            is_undone=refund.state in UNPAID_REFUND_STATES,
            is_called_off=refund.state == RefundState.CANCELED and refund.sent_at is None,
            shares=shares[key],
        )
        for key, refund in sorted(refunds.items(), key=lambda each: (_since(each[1]), each[0]))
    ]


def _since(refund: Refund) -> datetime:
    is_undone = refund.state in UNPAID_REFUND_STATES
    return refund.settled_at if is_undone and refund.settled_at else refund.created_at


def left_of(rows: Sequence[IntentPart], currency: str) -> list[Part]:
    """Return what is left to refund of each part."""
    return [_part(row, row.amount_minor - row.refunded_minor, currency) for row in rows]


@transaction_required
def give_shares(
    *, refund: Refund, rows: Sequence[IntentPart], shares: Sequence[Money], earned: Sequence[Part]
) -> Sale | None:
    """Write which part of its payment a refund pays back how much of; return how much of that had been earned."""
    so_far = {part.name: part.money for part in earned}
    given = [
        _share(refund, row, share, so_far.get(_part(row, 0, refund.currency).name))
        for row, share in zip(rows, shares, strict=True)
        if share.amount_minor
    ]
    _keep_to_what_is_owed(refund, rows, given, so_far)
    RefundPart.objects.bulk_create(given)
    return _sale(given, refund.currency)


def sale_of(*, parts: Sequence[Part], currency: str) -> Sale:
    """Return what parts come to as goods, shipping, and tax by jurisdiction."""
    sums = dict.fromkeys(PartKind, 0)
    taxes: dict[str, int] = {}
    for part in parts:
        sums[part.kind] += part.money.amount_minor
        if part.kind is PartKind.TAX:
            taxes[part.jurisdiction] = taxes.get(part.jurisdiction, 0) + part.money.amount_minor
    return Sale(
        goods=Money(sums[PartKind.LINE], currency),
        shipping=Money(sums[PartKind.SHIPPING], currency),
        taxes=[(where, Money(minor, currency)) for where, minor in taxes.items()],
    )


def earned_of(refund: Refund) -> Sale | None:
    """Return how much of the refund had been earned when it was promised."""
    return _sale(list(refund.shares.select_related("part").order_by("pk")), refund.currency)


def _share(refund: Refund, row: IntentPart, share: Money, earned: Money | None) -> RefundPart:
    nothing = Money(0, refund.currency)
    comes_off = off_earned(
        share=share,
        part=Money(row.amount_minor, refund.currency),
        earned=earned or nothing,
        unearned_refunded=Money(row.unearned_refunded_minor, refund.currency),
    )
    return RefundPart(refund=refund, part=row, amount_minor=share.amount_minor, earned_minor=comes_off.amount_minor)


def _keep_to_what_is_owed(
    refund: Refund, rows: Sequence[IntentPart], given: Sequence[RefundPart], earned: Mapping[PartName, Money]
) -> None:
    """Have come off what was earned whatever is more than the payment has left in goods: not all of it was captured."""
    gone = sum(money.amount_minor for money in earned.values()) + sum(row.unearned_refunded_minor for row in rows)
    gone += sum(refund.attempt.disputes.values_list("offset_minor", flat=True))
    owed = max(refund.attempt.captured_minor - gone, 0)
    excess = sum(share.amount_minor - share.earned_minor for share in given) - owed
    bounds = [_earned_left(share, earned) for share in given]
    if excess <= 0 or not sum(bounds):
        return
    more = allocate(money=Money(min(excess, sum(bounds)), refund.currency), weights=bounds)
    for share, money in zip(given, more, strict=True):
        share.earned_minor += money.amount_minor


def _earned_left(share: RefundPart, earned: Mapping[PartName, Money]) -> int:
    """Return how much more of a share can come off what was earned by its part."""
    row = share.part
    so_far = earned[row.name].amount_minor if row.name in earned else 0
    left = so_far - (row.refunded_minor - row.unearned_refunded_minor) - share.earned_minor
    return max(min(left, share.amount_minor - share.earned_minor), 0)


def _sale(shares: Sequence[RefundPart], currency: str) -> Sale | None:
    if not any(share.earned_minor for share in shares):
        return None
    parts = [_part(share.part, share.earned_minor, currency) for share in shares]
    return sale_of(parts=parts, currency=currency)


def _part(row: IntentPart, minor: int, currency: str) -> Part:
    return Part(PartKind(row.kind), row.reference, Money(minor, currency), row.jurisdiction, row.quantity)
