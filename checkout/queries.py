"""Reads of the checkout package. Each returns what clients see, in a fixed number of queries."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import Lexeme, SearchQuery
from django.db.models import F, Prefetch, QuerySet, Sum

from checkout.cart_price import show_cart
from checkout.errors import CheckoutNotFound
from checkout.models import (
    Cancellation,
    Cart,
    CheckoutSession,
    Order,
    OrderLine,
    Price,
    Product,
    Return,
    SessionLine,
    Shipment,
    ShipmentLine,
    StockItem,
    Variant,
)
from checkout.models.catalog import PRODUCT_WORDS
from checkout.models.validity import valid_at
from checkout.order_representation import order_body
from checkout.representation import Json, product_body, session_body
from checkout.session_price import changes, items_of, price_session, remarks
from checkout.states import OPEN_SESSION_STATES, CartState
from payments.adjustments import adjustments


def session_for_client(*, session_id: str, client: str, now: datetime) -> Json:
    """Return a session, with its order once there is one; while it is open, with what has changed as of ``now``.

    :raises CheckoutNotFound: ``checkout_session_not_found``.
    """
    session = sessions(client=client).filter(public_id=session_id).first()
    if session is None:
        raise CheckoutNotFound(code="checkout_session_not_found", detail=f"There is no checkout session {session_id}.")
    if session.state not in OPEN_SESSION_STATES:
        return stored_session_body(session)
    lines = _lines(session)
    priced = price_session(session=session, items=items_of(lines), now=now)
    told = [*changes(session=session, lines=lines, priced=priced), *remarks(priced)]
    return session_body(session, lines, priced=priced, messages=told)


def sessions(*, client: str) -> QuerySet[CheckoutSession]:
    """Return a client's sessions, with what :func:`stored_session_body` reads."""
    return CheckoutSession.objects.filter(client=client).select_related("order", "cart").prefetch_related("lines")


def stored_session_body(session: CheckoutSession) -> Json:
    """Return a session as it was stored: what has become of its price since is told where it is read alone."""
    return session_body(session, _lines(session), getattr(session, "order", None))


def _lines(session: CheckoutSession) -> list[SessionLine]:
    return sorted(session.lines.all(), key=lambda line: line.pk)


def cart_for_client(*, cart_id: str, client: str, now: datetime) -> Json:
    """Return a cart, priced as of ``now``.

    :raises CheckoutNotFound: ``cart_not_found``.
    """
    kept = Cart.objects.exclude(state=CartState.DELETED).select_related("merged_into")
    cart = kept.filter(public_id=cart_id, client=client).first()
    if cart is None:
        raise CheckoutNotFound(code="cart_not_found", detail=f"There is no cart {cart_id}.")
    return show_cart(cart=cart, now=now)


def order_for_client(*, order_id: str, client: str) -> Json:
    """Return an order.

    :raises CheckoutNotFound: ``order_not_found``.
    """
    order = orders(client=client).filter(public_id=order_id).first()
    if order is None:
        raise CheckoutNotFound(code="order_not_found", detail=f"There is no order {order_id}.")
    (body,) = order_bodies([order])
    return body


def order_bodies(orders: Sequence[Order]) -> list[Json]:
    """Return orders as clients see them, with the refunds and disputes of their payments."""
    found = adjustments(order_references=[order.session.public_id for order in orders])
    return [order_body(order, found.get(order.session.public_id, ())) for order in orders]


def product(*, product_id: str, now: datetime) -> Json:
    """Return a product, for sale or not, as of ``now``.

    :raises CheckoutNotFound: ``product_not_found``.
    """
    found = products(now=now).filter(public_id=product_id).first()
    if found is None:
        raise CheckoutNotFound(code="product_not_found", detail=f"There is no product {product_id}.")
    return product_body(found)


def orders(*, client: str) -> QuerySet[Order]:
    """Return a client's orders, with what :func:`order_bodies` reads."""
    units = ("lines__order_line",)
    return (
        Order.objects.filter(client=client)
        .select_related("session")
        .prefetch_related(
            "lines",
            Prefetch("shipments", Shipment.objects.order_by("pk")),
            Prefetch("shipments__lines", ShipmentLine.objects.select_related("order_line", "location").order_by("pk")),
            Prefetch("cancellations", Cancellation.objects.order_by("pk").prefetch_related(*units)),
            Prefetch("returns", Return.objects.order_by("pk").prefetch_related(*units)),
        )
    )


def orders_with_sku(*, sku: str) -> QuerySet[OrderLine, int]:
    """Return the primary key of each order that has a line of this SKU."""
    return OrderLine.objects.filter(sku=sku).values_list("order_id", flat=True)


def products(*, now: datetime) -> QuerySet[Product]:
    """Return the products with what :func:`product_body` reads: their active variants, and the prices of ``now``."""
    return Product.objects.select_related("tax_category").prefetch_related(
        "images",
        Prefetch("variants", Variant.objects.filter(active=True).order_by("pk")),
        Prefetch("variants__prices", Price.objects.filter(valid_at(now)).order_by("currency")),
        Prefetch("variants__stock", StockItem.objects.filter(location__active=True).order_by("pk")),
    )


def matching(products: QuerySet[Product], *, words: Sequence[str]) -> QuerySet[Product]:
    """Narrow products down to those in whose name or description every word occurs, or begins one that does."""
    if not words:
        return products
    wanted = reduce(and_, [Lexeme(word, prefix=True) for word in words])
    return products.annotate(words=PRODUCT_WORDS).filter(words=SearchQuery(wanted, config="simple"))


def products_with_sku(*, sku: str) -> QuerySet[Variant, int]:
    """Return the primary key of the product that has a variant for sale of this SKU."""
    return Variant.objects.filter(sku=sku, active=True).values_list("product_id", flat=True)


def clients_of_events(payloads: Mapping[UUID, dict[str, Any]]) -> dict[UUID, str]:
    """Return whose session each event of an order is about; none where it is about none."""
    named = {event: payload.get("checkout_session") for event, payload in payloads.items()}
    sessions = CheckoutSession.objects.filter(public_id__in=set(named.values()))
    clients = dict(sessions.values_list("public_id", "client"))
    return {event: clients[session] for event, session in named.items() if session in clients}


def order_totals() -> Counter[str]:
    """Return what all orders come to, less what was canceled or came back to be paid back, by currency."""
    totals = Counter(dict(Order.objects.values_list("currency").annotate(total=Sum("total_minor")).order_by()))
    for events in (Cancellation.objects, Return.objects):
        totals.subtract(dict(events.values_list("order__currency").annotate(total=Sum("amount_minor")).order_by()))
    return totals


def stock_levels() -> list[tuple[str, int, int, int]]:
    """Return (SKU, on hand, reserved, sold and not shipped) of every variant that has stock, wherever it is."""
    open_units = Sum(F("quantity") - F("shipped") - F("canceled"))
    sold = dict(OrderLine.objects.values_list("variant_id").annotate(total=open_units).order_by())
    levels = StockItem.objects.values_list("variant_id", "variant__sku")
    rows = levels.annotate(on_hand=Sum("on_hand"), reserved=Sum("reserved")).order_by("variant__sku")
    return [(sku, on_hand, reserved, sold.get(variant, 0)) for variant, sku, on_hand, reserved in rows]
