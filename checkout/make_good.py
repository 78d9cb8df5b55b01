"""See to it that what was canceled or came back is paid back once: by us, or by the buyer's bank."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.order_parts import PartName, scaled, total
from checkout.order_refunds import CANCELED, RETURNED, Unpaid
from checkout.order_standing import OrderStanding, pay_back
from ledger.money import Money
from payments.offset_chargeback import offset_chargeback
from payments.parts import Part


@transaction_required
def make_good(*, standing: OrderStanding, now: datetime) -> None:
    """Set off what the buyer's bank has kept for what is canceled; promise again what disputes called off beyond that.

    What is left of what the bank has kept pays for what came back. While it has not decided, nothing happens. What it
    sent back of our own refunds is for people, unless it has kept the money itself.
    """
    payment = standing.payment
    if payment is None or payment.is_disputed or not payment.is_captured:
        return
    kept = payment.lost_minor - payment.offset_minor
    set_off = min(standing.outstanding_minor, kept)
    if set_off > 0:
        offset_chargeback(order_reference=standing.order.session.public_id, minor=set_off, now=now)
    due = max(standing.outstanding_minor - set_off - standing.canceled.failed_minor, 0)
    paid = _promise(standing, standing.canceled, CANCELED, min(due, payment.refundable), now)
    back = max(standing.returned.left_minor - standing.returned.failed_minor - (kept - set_off), 0)
    _promise(standing, standing.returned, RETURNED, min(back, payment.refundable - paid), now)


def _promise(standing: OrderStanding, unpaid: Unpaid, reason: str, minor: int, now: datetime) -> int:
    """Pay back so much of what is not, if there is so much of its parts; return how much it was."""
    parts = _left(standing, unpaid)
    parts = scaled(parts, minor) if minor > 0 and parts else []
    pay_back(standing=standing, parts=parts, reason=reason, now=now)
    return total(parts)


def _left(standing: OrderStanding, unpaid: Unpaid) -> Sequence[Part]:
    """Return what is still to be paid back of each part, at most what refunds have left of it."""
    refunded = standing.payment.refunded if standing.payment else {}

    def left(name: PartName, minor: int) -> int:
        promised = unpaid.left.get(name, 0) - unpaid.failed.get(name, 0)
        return max(min(promised, minor - refunded.get(name, 0)), 0)

    return [
        replace(part, money=Money(left(part.name, part.money.amount_minor), part.money.currency))
        for part in standing.whole
    ]
