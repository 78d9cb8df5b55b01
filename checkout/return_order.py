"""Take goods back that were shipped: on the shelf again or written off, and paid back if that is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from checkout import order_refunds
from checkout.errors import OrderRefused
from checkout.events import RETURNED, publish_order, returned_payload
from checkout.locks import lock_order, lock_stock_items
from checkout.models import OrderLine, Return, ReturnLine, ShipmentLine, StockLocation
from checkout.order_parts import Units, owed, shipping_of, stored, total, worth
from checkout.order_standing import OrderStanding, check_payment, order_standing, pay_back
from checkout.order_units import Taken, Wanted, counted, lines_of
from checkout.queries import order_for_client
from checkout.representation import Json
from checkout.states import Disposition
from checkout.stock import return_stock, write_off_stock
from exactly_once.errors import FieldError, InvalidInput
from exactly_once.public_ids import new_public_id
from exactly_once.versions import ANY_VERSION, Expected
from payments.parts import Part

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GoodsBack:
    """What came back, and whether it is paid back; with ``shipping``, what sending it had cost as well."""

    lines: Sequence[Wanted]
    refund: bool
    shipping: bool = False
    reason: str = ""


@transaction_required
def return_order(
    *, client: str, order_id: str, goods: GoodsBack, now: datetime, expected: Expected = ANY_VERSION
) -> Json:
    """Record that shipped units came back; return the order as clients see it.

    :raises CheckoutNotFound: ``order_not_found``.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises InvalidInput: ``unknown_sku``, ``unknown_location``.
    :raises OrderBusy: ``order_busy``.
    :raises OrderRefused: ``exceeds_shipped_quantity``, ``payment_in_doubt``.
    :raises PaymentRefused: those of :func:`payments.refund.request_refund`.
    """
    order = lock_order(order_id=order_id, client=client)
    expected.require(lambda: order_for_client(order_id=order_id, client=client))
    standing = order_standing(order)
    chosen = lines_of(lines=standing.lines, wanted=goods.lines)
    _check_shipped(chosen)
    came = _places(chosen)
    parts = _worth(standing, goods, counted(chosen)) if goods.refund else []
    if parts:
        check_payment(standing, pays_back=True)
    refund = pay_back(standing=standing, parts=parts, reason=order_refunds.RETURNED, now=now)
    returned = Return.objects.create(
        public_id=new_public_id("ret"),
        order=order,
        reason=goods.reason,
        refund=refund,
        amount_minor=total(parts),
        parts=stored(parts),
        created_at=now,
    )
    _put_away(returned, came, now)
    told = returned_payload(order, returned, [(line.sku, count) for line, count in counted(chosen)])
    publish_order(order=order, type=RETURNED, payload=told, now=now)
    log.info("order.returned", order=order.public_id, returned=returned.public_id, refund=refund)
    return order_for_client(order_id=order_id, client=client)


def _check_shipped(chosen: Sequence[tuple[OrderLine, Wanted]]) -> None:
    for line, asked in counted(chosen):
        left = line.shipped - line.returned
        if asked > left:
            raise OrderRefused(
                code="exceeds_shipped_quantity",
                detail=f"{asked} of {line.sku}: the buyer has {left}.",
                extra={"sku": line.sku, "returnable_quantity": left},
            )


def _worth(standing: OrderStanding, goods: GoodsBack, units: Sequence[tuple[OrderLine, int]]) -> list[Part]:
    """Return what is paid back for the units: at most what has not been paid back of each part."""
    payment = standing.payment
    if payment is None:
        return []
    left = owed(whole=standing.whole, gone=[payment.refunded])
    chosen = {line.sku: Units(line.quantity, line.canceled + line.returned, count) for line, count in units}
    shipping = shipping_of(left) if goods.shipping else []
    return [*worth(owed=left, whole=standing.whole, units=chosen), *shipping]


def _places(chosen: Sequence[tuple[OrderLine, Wanted]]) -> list[tuple[Taken, Disposition]]:
    """Return where the units go: to the location that is named, or else where the line was sent from last.

    :raises InvalidInput: ``unknown_location``.
    """
    locations = dict(StockLocation.objects.values_list("code", "pk"))
    strange = tuple(
        FieldError(f"/lines/{index}/location", "unknown_location", f"There is no location {each.location}.")
        for index, (_, each) in enumerate(chosen)
        if each.location and each.location not in locations
    )
    if strange:
        raise InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=strange)
    sent = ShipmentLine.objects.filter(order_line__in=[line.pk for line, _ in chosen]).order_by("pk")
    sent_from = dict(sent.values_list("order_line_id", "location_id"))
    return [
        (
            Taken(line, each.quantity, locations[each.location] if each.location else sent_from[line.pk]),
            each.disposition,
        )
        for line, each in chosen
    ]


def _put_away(returned: Return, came: Sequence[tuple[Taken, Disposition]], now: datetime) -> None:
    """Count the units, and book them: what is written off has been on the shelf for a moment."""
    ReturnLine.objects.bulk_create(
        ReturnLine(
            returned_in=returned,
            order_line=units.line,
            quantity=units.quantity,
            disposition=disposition,
            location_id=units.location_id,
        )
        for units, disposition in came
    )
    lock_stock_items(places=[(units.line.variant_id, units.location_id) for units, _ in came])
    for units, disposition in came:
        variant, location, quantity = units.place
        return_stock(variant_id=variant, location_id=location, quantity=quantity, reference=returned.public_id, now=now)
        if disposition is Disposition.WRITE_OFF:
            write_off_stock(
                variant_id=variant,
                location_id=location,
                quantity=quantity,
                reference=returned.public_id,
                reason=returned.reason,
                now=now,
            )
