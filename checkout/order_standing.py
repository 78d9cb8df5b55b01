"""How a locked order stands: its lines, its payment, and what of that is still owed in goods."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django_subatomic.db import transaction_required

from checkout.errors import OrderBusy, OrderRefused
from checkout.models import Order, OrderLine, Shipment
from checkout.order_parts import owed, sums, total
from checkout.order_refunds import CANCELED, RETURNED, Unpaid, unpaid
from checkout.payment_parts import parts_of
from checkout.states import OrderState
from ledger.money import Money
from payments.capture import request_capture
from payments.parts import Part, PartKind, Wanted
from payments.refund import request_refund
from payments.standing import Standing, payment_standing
from payments.void import request_void


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """An order whose row is locked, and so is its payment's.

    :param payment: None where it costs nothing, or nothing is paid or held any more.
    :param whole: the parts of its payment; ``earned`` of them by shipments, and ``owed`` in goods.
    :param canceled: what cancellations keep from being taken, or could not pay back.
    :param returned: what returns could not pay back.
    """

    order: Order
    lines: Sequence[OrderLine]
    payment: Standing | None
    whole: Sequence[Part]
    earned: Sequence[Part]
    owed: Sequence[Part]
    canceled: Unpaid
    returned: Unpaid

    @property
    def not_taken_minor(self) -> int:
        """Return what cancellations keep from being taken, or could not pay back."""
        return self.canceled.left_minor

    @property
    def outstanding_minor(self) -> int:
        """Return what was captured for canceled units, and neither paid back nor kept by the buyer's bank."""
        if self.payment is None:
            return 0
        never_taken = self.payment.asked_minor - self.payment.captured_minor
        return max(self.not_taken_minor - never_taken - self.payment.offset_minor, 0)

    @property
    def came_back_minor(self) -> int:
        """Return what came back of the refunds of returns, and neither another one nor the buyer's bank has paid."""
        if self.payment is None:
            return 0
        return self.returned.unsettled_minor(kept_minor=self.payment.lost_minor - self.payment.offset_minor)

    @property
    def due_minor(self) -> int:
        """Return what of a held payment is due, and was not captured: for what was earned, or went back unearned."""
        if self.payment is None:
            return 0
        went_back = sum(self.payment.unearned_refunded.values()) + self.payment.offset_minor
        return total(self.earned) + went_back - self.payment.captured_minor

    @property
    def unpaid_minor(self) -> int:
        """Return what of an ended payment was never captured, and is still asked for in goods or by them."""
        if self.payment is None or not self.payment.is_captured:
            return 0
        return max(self.payment.asked_minor - self.not_taken_minor - self.payment.captured_minor, 0)


@transaction_required
def order_standing(order: Order) -> OrderStanding:
    """Return how a locked order stands."""
    lines = list(order.lines.order_by("pk"))
    payment = payment_standing(order_reference=order.session.public_id)
    whole = parts_of(session=order, lines=lines)
    earned = sums(order.shipments.values_list("parts", flat=True))
    refunds = payment.refunds if payment else ()
    canceled = unpaid(events=order.cancellations.values_list("parts", flat=True), reason=CANCELED, refunds=refunds)
    returned = unpaid(events=order.returns.values_list("parts", flat=True), reason=RETURNED, refunds=refunds)
    unearned = payment.unearned_refunded if payment else {}
    return OrderStanding(
        order=order,
        lines=lines,
        payment=payment,
        whole=whole,
        earned=[replace(part, money=Money(earned.get(part.name, 0), order.currency)) for part in whole],
        owed=owed(whole=whole, gone=[earned, canceled.left, unearned]),
        canceled=canceled,
        returned=returned,
    )


def earned_by_shipping(order_reference: str) -> list[Part]:
    """Return what shipments have earned of the order of a session; nothing where there is none."""
    shipments = Shipment.objects.filter(order__session__public_id=order_reference)
    found = list(shipments.values_list("order__currency", "parts"))
    return [
        Part(PartKind.TAX if kind == "tax" else PartKind.LINE, reference, Money(minor, found[0][0]), jurisdiction)
        for (kind, reference, jurisdiction), minor in sums(parts for _, parts in found).items()
    ]


def check_payment(standing: OrderStanding, *, pays_back: bool = False) -> None:
    """Refuse to touch an order whose payment is in doubt, or just being asked about.

    :param pays_back: what was captured is only paid back: whether the rest is being let go of does not matter.

    :raises OrderBusy: ``order_busy``.
    :raises OrderRefused: ``payment_in_doubt``.
    """
    payment = standing.payment
    if payment is None:
        return
    is_busy = payment.is_capturing if pays_back else payment.is_busy
    if payment.is_held and is_busy:
        raise OrderBusy(code="order_busy", detail="Another part of the payment is being captured, or it is let go of.")
    if not (payment.is_held or payment.is_captured):
        raise OrderRefused(code="payment_in_doubt", detail=f"The payment of this order is {payment.state}.")


@transaction_required
def pay_back(*, standing: OrderStanding, parts: Sequence[Part], reason: str, now: datetime) -> str:
    """Promise these parts of a captured payment back; return the refund's id, none where nothing is to be paid.

    :raises PaymentRefused: those of :func:`payments.refund.request_refund`.
    """
    wanted = [
        Wanted(part.reference, part.jurisdiction, part.money, alone=True) for part in parts if part.money.amount_minor
    ]
    if not wanted:
        return ""
    return request_refund(
        order_reference=standing.order.session.public_id,
        parts=wanted,
        reason=reason,
        now=now,
    )


@transaction_required
def end_hold(*, standing: OrderStanding, due_minor: int, now: datetime) -> UUID | None:
    """Take what is still due of a held payment, and have the rest let go of; return the capture, if there is one."""
    reference = standing.order.session.public_id
    if due_minor > 0:
        money = Money(due_minor, standing.order.currency)
        return request_capture(order_reference=reference, money=money, final=True, now=now)
    request_void(order_reference=reference, now=now)
    return None


def state_of(lines: Sequence[OrderLine]) -> OrderState:
    """Return how far an order is, by the quantities of its lines."""
    shipped = any(line.shipped for line in lines)
    if any(line.open_quantity for line in lines):
        return OrderState.PROCESSING if shipped else OrderState.CONFIRMED
    return OrderState.SHIPPED if shipped else OrderState.CANCELED
