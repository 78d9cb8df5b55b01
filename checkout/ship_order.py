"""Ship an order, or a part of it: stock leaves, revenue is earned, and what is held of the payment is captured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from checkout.errors import OrderRefused
from checkout.events import SHIPPED, publish_order, shipped_payload
from checkout.locks import lock_order
from checkout.models import Shipment, ShipmentLine
from checkout.order_parts import Units, shipping_of, stored, total, worth
from checkout.order_standing import OrderStanding, check_payment, end_hold, order_standing, state_of
from checkout.order_units import Taken, Wanted, counted_units, open_units, take
from checkout.queries import order_for_client
from checkout.representation import Json
from checkout.review_order import put_where_it_is
from checkout.states import OPEN_ORDER_STATES, OrderState
from checkout.stock import consume_stock
from exactly_once.public_ids import new_public_id
from exactly_once.versions import ANY_VERSION, Expected
from ledger.money import Money
from payments.capture import request_capture
from payments.earn import earn
from payments.parts import Part
from payments.queries import capture_name

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent: these units, or all that is open; and by whom."""

    lines: Sequence[Wanted] = ()
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@transaction_required
def ship_order(*, client: str, order_id: str, parcel: Parcel, now: datetime, expected: Expected = ANY_VERSION) -> Json:
    """Record that units have left; return the order as clients see it.

    :raises CheckoutNotFound: ``order_not_found``.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises InvalidInput: ``unknown_sku``.
    :raises OrderBusy: ``order_busy``.
    :raises OrderRefused: ``order_{state}``, ``exceeds_open_quantity``, ``not_at_location``, ``payment_not_held``,
        ``payment_disputed``, ``payment_in_doubt``.
    """
    order = lock_order(order_id=order_id, client=client)
    expected.require(lambda: order_for_client(order_id=order_id, client=client))
    if order.state not in OPEN_ORDER_STATES:
        raise OrderRefused(code=f"order_{order.state}", detail=f"{order_id} is {order.state}: nothing can be shipped.")
    standing = order_standing(order)
    chosen = open_units(lines=standing.lines, wanted=parcel.lines)
    taken = take(order=order, chosen=chosen)
    _check_payment(standing)
    shipment = _book(standing, parcel, taken, now)
    _close(standing, shipment, taken, now)
    log.info("order.shipped", order=order.public_id, shipment=shipment.public_id, state=order.state)
    return order_for_client(order_id=order_id, client=client)


def _book(standing: OrderStanding, parcel: Parcel, taken: Sequence[Taken], now: datetime) -> Shipment:
    """Ask for the money, earn it, and let the goods go."""
    order = standing.order
    is_last = sum(each.quantity for each in taken) == sum(line.open_quantity for line in standing.lines)
    parts = _earned_by(standing, taken, is_last=is_last)
    shipment_id = new_public_id("shp")
    capture = _capture(standing, total(parts), is_last=is_last, now=now)
    earned = earn(
        book=order.session.book,
        shipment_id=shipment_id,
        parts=parts,
        currency=order.currency,
        order_reference=order.session.public_id,
        now=now,
    )
    consume_stock(order=order, units=[each.place for each in taken], reference=shipment_id, now=now)
    return Shipment.objects.create(
        public_id=shipment_id,
        order=order,
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        capture=capture_name(capture_uuid=capture) if capture else "",
        amount_minor=earned.amount_minor,
        parts=stored(parts),
        created_at=now,
    )


def _check_payment(standing: OrderStanding) -> None:
    payment = standing.payment
    if payment is None:
        if standing.order.total_minor:
            raise OrderRefused(code="payment_not_held", detail="The payment of this order is no longer held.")
        return
    if payment.disputed_minor:
        raise OrderRefused(code="payment_disputed", detail="The buyer's bank has taken money back, or may.")
    check_payment(standing)
    if standing.unpaid_minor:
        raise OrderRefused(code="payment_not_held", detail="The rest of this order's payment is no longer held.")


def _earned_by(standing: OrderStanding, taken: Sequence[Taken], *, is_last: bool) -> list[Part]:
    """Return what is earned: the units' worth; the shipping by the first shipment; and all that is left by the last."""
    if is_last:
        return list(standing.owed)
    chosen = {line.sku: Units(line.quantity, line.shipped, count) for line, count in counted_units(taken)}
    return [
        *worth(owed=standing.owed, whole=standing.whole, units=chosen),
        *shipping_of(standing.owed),
    ]


def _capture(standing: OrderStanding, earned_minor: int, *, is_last: bool, now: datetime) -> UUID | None:
    """Ask for what this shipment makes due of a payment that is held; of a PSP that captures once, for all of it."""
    payment = standing.payment
    if payment is None or not payment.is_held:
        return None
    due = standing.due_minor + earned_minor
    if not payment.several_captures:
        due = payment.asked_minor - standing.not_taken_minor - payment.captured_minor
    if is_last or not payment.several_captures:
        return end_hold(standing=standing, due_minor=due, now=now)
    if due <= 0:
        return None
    money = Money(due, standing.order.currency)
    reference = standing.order.session.public_id
    return request_capture(order_reference=reference, money=money, final=False, now=now)


def _close(was: OrderStanding, shipment: Shipment, taken: Sequence[Taken], now: datetime) -> None:
    """Write the lines, which count the units, and where the order is by that."""
    order = was.order
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, order_line=each.line, quantity=each.quantity, location_id=each.location_id)
        for each in taken
    )
    order.state = state_of(list(order.lines.order_by("pk")))
    order.shipped_at = now if order.state == OrderState.SHIPPED else None
    order.save(update_fields=["state", "shipped_at"])
    told = shipped_payload(order, shipment, [(line.sku, count) for line, count in counted_units(taken)])
    publish_order(order=order, type=SHIPPED, payload=told, now=now)
    if was.outstanding_minor or was.came_back_minor:
        put_where_it_is(order=order, now=now)
