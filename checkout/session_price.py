"""The price of a session: what it is made of, how it is stored, and what has become of it since the buyer saw it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.availability import short_lines
from checkout.discount_terms import redeemer_of
from checkout.messages import Message
from checkout.models import Cart, CheckoutSession, SessionLine
from checkout.price_cart import Asked, PricedCart, price_cart
from checkout.price_lines import LineItem
from checkout.pricing.breakdown import Tax
from checkout.states import SessionState
from ledger.money import Money


def price_session(*, session: CheckoutSession | Cart, items: Sequence[LineItem], now: datetime) -> PricedCart:
    """Return what these items cost as of ``now`` for the buyer and the address of the session or cart.

    :raises UnableToPrice: ``total_too_large``.
    """
    asked = Asked(
        currency=session.currency,
        items=items,
        address=session.shipping_address,
        option=session.fulfillment_option,
        discount_code=session.discount_code,
        redeemer=redeemer_of(customer=session.customer, email=session.buyer_email),
    )
    return price_cart(asked=asked, now=now)


def items_of(lines: Sequence[SessionLine]) -> list[LineItem]:
    """Return what stored lines ask for."""
    return [LineItem(line.sku, line.quantity) for line in lines]


@transaction_required
def store_price(*, session: CheckoutSession, priced: PricedCart) -> list[SessionLine]:
    """Write the price into the session, saved, and its lines in place of those that it had; return these."""
    lines = put_price(session=session, priced=priced)
    session.save()
    session.lines.all().delete()
    return SessionLine.objects.bulk_create(lines)


def put_price(*, session: CheckoutSession, priced: PricedCart) -> list[SessionLine]:
    """Write the price into the session and return its lines; nothing is saved."""
    totals, shipping = priced.breakdown.totals, priced.breakdown.shipping
    session.subtotal_minor, session.discount_minor = totals.subtotal, totals.discount
    session.fulfillment_minor, session.tax_minor, session.total_minor = totals.fulfillment, totals.tax, totals.total
    session.discount_title = priced.discount.title if priced.discount else ""
    session.fulfillment_option = priced.chosen.code if priced.chosen else ""
    session.fulfillment_name = priced.chosen.name if priced.chosen else ""
    session.shipping_discount_minor = shipping.discount_minor if shipping else 0
    session.shipping_tax_minor = shipping.added_tax_minor if shipping else 0
    session.shipping_taxes = [_tax(tax) for tax in shipping.taxes] if shipping else []
    payable = priced.payable and bool(session.buyer_email)
    session.state = SessionState.READY_FOR_COMPLETE if payable else SessionState.INCOMPLETE
    return _lines(session, priced)


def is_stored(*, session: CheckoutSession, lines: Sequence[SessionLine], priced: PricedCart) -> bool:
    """Whether the session has this price already, to the last tax of the last line."""
    totals, shipping = priced.breakdown.totals, priced.breakdown.shipping
    stored = (session.subtotal_minor, session.discount_minor, session.fulfillment_minor, session.tax_minor)
    return (
        stored == (totals.subtotal, totals.discount, totals.fulfillment, totals.tax)
        and session.shipping_taxes == ([_tax(tax) for tax in shipping.taxes] if shipping else [])
        and [_columns(line) for line in lines] == [_columns(line) for line in _lines(session, priced)]
    )


def remarks(priced: PricedCart) -> list[Message]:
    """Return what there is to say about a price, and about what it is the price of."""
    return [*priced.messages, *short_lines(lines=priced.lines)]


def changes(*, session: CheckoutSession, lines: Sequence[SessionLine], priced: PricedCart) -> list[Message]:
    """Return what the buyer has not seen yet: lines that cost something else now or have no price, another total."""
    found = [Message("error", error.pointer, error.code, error.detail) for error in priced.unpriced]
    now = {line.index: line.unit_amount_minor for line in priced.lines}
    found += [
        Message(
            "warning",
            f"/line_items/{index}/unit_amount_minor",
            "price_changed",
            f"{line.sku} costs {Money(now[index], session.currency)} now.",
        )
        for index, line in enumerate(lines)
        if index in now and now[index] != line.unit_amount_minor
    ]
    total = priced.breakdown.totals.total
    if not priced.unpriced and (total != session.total_minor or _option(priced) != session.fulfillment_option):
        now_and_then = Money(total, session.currency), Money(session.total_minor, session.currency)
        found.append(
            Message("warning", "/totals", "total_changed", "It comes to {} now; it was {}.".format(*now_and_then))
        )
    return found


def _option(priced: PricedCart) -> str:
    return priced.chosen.code if priced.chosen else ""


def _lines(session: CheckoutSession, priced: PricedCart) -> list[SessionLine]:
    return [
        SessionLine(
            session=session,
            variant_id=line.variant_id,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_amount_minor=line.unit_amount_minor,
            discount_minor=part.discount_minor,
            tax_minor=part.added_tax_minor,
            taxes=[_tax(tax) for tax in part.taxes],
        )
        for line, part in zip(priced.lines, priced.breakdown.lines, strict=True)
    ]


def _columns(line: SessionLine) -> tuple[object, ...]:
    return line.sku, line.quantity, line.unit_amount_minor, line.discount_minor, line.tax_minor, line.taxes


def _tax(tax: Tax) -> Mapping[str, object]:
    return {
        "jurisdiction": tax.rate.jurisdiction,
        "percent": f"{tax.rate.percent.normalize():f}",
        "inclusive": tax.rate.inclusive,
        "amount_minor": tax.amount_minor,
    }
