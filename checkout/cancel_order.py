"""Cancel what of an order is not shipped: its units go back on the shelf, its money to the buyer or is not taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from checkout import order_refunds
from checkout.errors import OrderRefused
from checkout.events import CANCELED, canceled_payload, publish_order
from checkout.locks import lock_order
from checkout.make_good import make_good
from checkout.models import Cancellation, CancellationLine, OrderLine
from checkout.order_parts import Units, scaled, stored, total, worth
from checkout.order_standing import OrderStanding, check_payment, end_hold, order_standing, pay_back, state_of
from checkout.order_units import Wanted, counted, open_units, take
from checkout.queries import order_for_client
from checkout.representation import Json
from checkout.review_order import is_in_trouble, put_where_it_is
from checkout.states import OPEN_ORDER_STATES, OrderState
from checkout.stock import release_order_stock
from exactly_once.public_ids import new_public_id
from exactly_once.versions import ANY_VERSION, Expected
from payments.parts import Part

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cancel:
    """What is canceled: these units, or all that is open; and why."""

    lines: Sequence[Wanted] = ()
    reason: str = ""


@transaction_required
def cancel_order(
    *, client: str, order_id: str, cancel: Cancel, now: datetime, expected: Expected = ANY_VERSION
) -> Json:
    """Cancel units that were not shipped; return the order as clients see it.

    What was captured for them is paid back, with the shipping where nothing was and will be sent; what is only held
    is not taken, and let go of as soon as nothing else is to be shipped.

    :raises CheckoutNotFound: ``order_not_found``.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises InvalidInput: ``unknown_sku``.
    :raises OrderBusy: ``order_busy``.
    :raises OrderRefused: ``order_{state}``, ``exceeds_open_quantity``, ``payment_in_doubt``, ``payment_disputed``.
    """
    order = lock_order(order_id=order_id, client=client)
    expected.require(lambda: order_for_client(order_id=order_id, client=client))
    standing = order_standing(order)
    chosen = open_units(lines=standing.lines, wanted=cancel.lines)
    if order.state not in (*OPEN_ORDER_STATES, OrderState.MANUAL_REVIEW) or not chosen:
        raise OrderRefused(code=f"order_{order.state}", detail=f"{order_id} is {order.state}: nothing can be canceled.")
    _check_payment(standing)
    taken = take(order=order, chosen=chosen)
    is_last = sum(each.quantity for each in taken) == sum(line.open_quantity for line in standing.lines)
    parts = _worth(standing, counted(chosen), is_last=is_last)
    refund = _give_back(standing, parts, is_last=is_last, now=now)
    cancellation = Cancellation.objects.create(
        public_id=new_public_id("can"),
        order=order,
        reason=cancel.reason,
        refund=refund,
        amount_minor=total(parts),
        parts=stored(parts),
        created_at=now,
    )
    places = [each.place for each in taken]
    release_order_stock(order=order, units=places, reference=cancellation.public_id, now=now)
    _close(standing, cancellation, counted(chosen), now)
    log.info("order.canceled", order=order.public_id, cancellation=cancellation.public_id, state=order.state)
    return order_for_client(order_id=order_id, client=client)


def _check_payment(standing: OrderStanding) -> None:
    check_payment(standing)
    if standing.payment is not None and standing.payment.is_disputed:
        # If we win, the buyer is to have it back, and there would be nothing left to cancel.
        raise OrderRefused(code="payment_disputed", detail="The buyer's bank has not decided yet whose the money is.")


def _worth(standing: OrderStanding, units: Sequence[tuple[OrderLine, int]], *, is_last: bool) -> list[Part]:
    """Return what the buyer does not owe for it any more: the units' worth, and all that is left by the last."""
    if is_last:
        return list(standing.owed)
    chosen = {line.sku: Units(line.quantity, line.canceled + line.returned, count) for line, count in units}
    return worth(owed=standing.owed, whole=standing.whole, units=chosen)


def _give_back(standing: OrderStanding, parts: Sequence[Part], *, is_last: bool, now: datetime) -> str:
    """Pay back what was captured, beyond what the buyer's bank has kept; or let go of what is held for nothing."""
    payment = standing.payment
    if payment is None:
        return ""
    if payment.is_held:
        if is_last:
            end_hold(standing=standing, due_minor=standing.due_minor, now=now)
        return ""
    # Of what was never captured, the canceled units come first: the others are to be shipped.
    captured_minor = min(total(parts) - standing.unpaid_minor, -standing.due_minor)
    kept = payment.lost_minor - payment.offset_minor
    back = scaled(parts, max(min(captured_minor - kept, payment.refundable), 0))
    return pay_back(standing=standing, parts=back, reason=order_refunds.CANCELED, now=now)


def _close(
    was: OrderStanding, cancellation: Cancellation, units: Sequence[tuple[OrderLine, int]], now: datetime
) -> None:
    """Write the lines, which count the units, and where the order is by that."""
    order = was.order
    CancellationLine.objects.bulk_create(
        CancellationLine(cancellation=cancellation, order_line=line, quantity=count) for line, count in units
    )
    if was.payment is not None and was.payment.lost_minor:
        make_good(standing=order_standing(order), now=now)
    state = state_of(list(order.lines.order_by("pk")))
    if order.state != OrderState.MANUAL_REVIEW or not is_in_trouble(order_standing(order)):
        order.state = state
    if state == OrderState.SHIPPED:
        order.shipped_at = now
    order.save(update_fields=["state", "shipped_at"])
    told = canceled_payload(order, cancellation, [(line.sku, count) for line, count in units])
    publish_order(order=order, type=CANCELED, payload=told, now=now)
    if was.outstanding_minor or was.came_back_minor:
        put_where_it_is(order=order, now=now)
