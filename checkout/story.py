"""What checkout knows of an order, from the cart to what came back: reads only."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Lower

from checkout.models import (
    Cancellation,
    Cart,
    CheckoutSession,
    Order,
    OrderLine,
    Reservation,
    Return,
    SessionLine,
    Shipment,
)
from exactly_once.story_item import MOST_TOLD, StoryHit, StoryItem, item_of
from ledger.money import Money

MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class OrderStory:
    """What happened; ``references`` are those of the ledger in ``book``, ``aggregates`` what our events are about."""

    title: str
    buyer: str
    book: str
    items: Sequence[StoryItem]
    references: frozenset[str]
    aggregates: frozenset[tuple[str, str]]


def order_story(*, session_id: str) -> OrderStory | None:
    """Return the story of a checkout session and its order, in eleven queries at most; None where there is none."""
    lines = Prefetch("lines", SessionLine.objects.order_by("pk"))
    reserved = Prefetch("reservations", _reservations())
    found = CheckoutSession.objects.select_related("cart").prefetch_related(lines, reserved)
    session = found.filter(public_id=session_id).first()
    if session is None:
        return None
    order = Order.objects.filter(session=session).prefetch_related(*_of_order()).first()
    items = [*_session(session), *(_order(order) if order else ())]
    return OrderStory(
        title=f"Order {order.public_id}" if order else f"Session {session.public_id}",
        buyer=session.buyer_email,
        book=session.book,
        items=items,
        references=frozenset(f"{each.public_id}:shipped" for each in order.shipments.all()) if order else frozenset(),
        aggregates=frozenset({("order", order.public_id)}) if order else frozenset(),
    )


def order_names(*, session_ids: Collection[str]) -> dict[str, str]:
    """Return the orders' ids of these sessions, of those that have become orders."""
    orders = Order.objects.filter(session__public_id__in=session_ids)
    return dict(orders.values_list("session__public_id", "public_id"))


def find(*, words: str) -> list[StoryHit]:
    """Return the sessions that this is the id of, or of their cart, order, shipment, return, or buyer's e-mail."""
    sessions = CheckoutSession.objects.select_related("order").order_by("-pk")
    if "@" in words:
        mail = sessions.annotate(mail=Lower("buyer_email")).filter(mail=words.lower()).exclude(buyer_email="")
        return [_hit(row, "session") for row in mail[:MOST_HITS]]
    # Looked up before: where no session has a cart, the planner would walk through them all to find that out.
    carts = list(Cart.objects.filter(public_id=words).values_list("pk", flat=True))
    kinds: dict[str, dict[str, Any]] = {
        "session": {"public_id": words},
        "order": {"order__public_id": words},
        "cart": {"cart__in": carts},
        "shipment": {"order__shipments__public_id": words},
        "cancellation": {"order__cancellations__public_id": words},
        "return": {"order__returns__public_id": words},
    }
    return [_hit(row, kind) for kind, by in kinds.items() for row in sessions.filter(**by)[:MOST_HITS]]


def _hit(session: CheckoutSession, kind: str) -> StoryHit:
    order = getattr(session, "order", None)
    name = order.public_id if order else session.public_id
    text = f"{name}, {Money(session.total_minor, session.currency)}, {session.state}"
    return StoryHit(session.public_id, kind, text, session.created_at)


def _reservations() -> QuerySet[Reservation]:
    where = Reservation.objects.select_related("stock_item__variant", "stock_item__location")
    return where.order_by("pk")


def _of_order() -> "list[Prefetch[Any, Any, Any]]":
    lines = Prefetch("lines", OrderLine.objects.order_by("pk"))
    kinds = {
        "shipments": ("lines__order_line", Shipment),
        "cancellations": ("lines__order_line", Cancellation),
        "returns": ("lines__order_line", Return),
    }
    events = [
        Prefetch(name, model._default_manager.order_by("pk").prefetch_related(units))  # noqa: SLF001 - Django's documented name
        for name, (units, model) in kinds.items()
    ]
    return [lines, *events]


def _session(session: CheckoutSession) -> Iterator[StoryItem]:
    if session.cart is not None:
        yield _cart(session.cart)
    yield item_of(
        session,
        ("Session", session.public_id),
        ("Buyer", f"{session.buyer_name} {session.buyer_email}".strip()),
        ("Goods", ", ".join(f"{line.quantity} x {line.sku}" for line in session.lines.all())),
        ("Discount", session.discount_title),
        ("Sent by", session.fulfillment_name),
        ("Expires at", session.expires_at),
        ("Made good by", session.compensation),
        at=session.created_at,
        kind="session",
        text=f"A session was opened, {Money(session.total_minor, session.currency)} by now",
    )
    if session.submitted_at:
        yield item_of(session, at=session.submitted_at, kind="session", text="The buyer pays")
    if session.updated_at not in (session.created_at, session.submitted_at):
        yield item_of(session, at=session.updated_at, kind="session", text="The session was changed last")
    for row in list(session.reservations.all())[:MOST_TOLD]:
        text = f"{row.quantity} x {row.stock_item.variant.sku} reserved at {row.stock_item.location.code}"
        until = row.expires_at if row.state == "held" else ""
        yield item_of(row, ("Held until", until), at=row.created_at, kind="stock", text=text)


def _cart(cart: Cart) -> StoryItem:
    told = (("Cart", cart.public_id), ("Customer", cart.customer), ("Client", cart.client))
    return item_of(cart, *told, at=cart.created_at, kind="cart", text="A cart was begun")


def _order(order: Order) -> Iterator[StoryItem]:
    yield item_of(
        order,
        ("Order", order.public_id),
        ("Goods", ", ".join(f"{line.quantity} x {line.sku}" for line in order.lines.all())),
        at=order.created_at,
        kind="order",
        text=f"It is an order of {Money(order.total_minor, order.currency)}",
    )
    for shipment in order.shipments.all():
        parcel = (
            ("Shipment", shipment.public_id),
            ("Carrier", shipment.carrier),
            ("Tracking number", shipment.tracking_number),
            ("Captured by", shipment.capture),
        )
        yield _event(order, shipment, *parcel, kind="shipment", what="Shipped")
    for canceled in order.cancellations.all():
        yield _event(order, canceled, *_why(canceled), kind="cancellation", what="Canceled")
    for returned in order.returns.all():
        yield _event(order, returned, *_why(returned), kind="return", what="Came back")


def _why(row: Cancellation | Return) -> tuple[tuple[str, str], ...]:
    return ("Id", row.public_id), ("Reason", row.reason), ("Paid back by", row.refund)


def _event(
    order: Order, row: Shipment | Cancellation | Return, *told: tuple[str, str], kind: str, what: str
) -> StoryItem:
    units = ", ".join(f"{line.quantity} x {line.order_line.sku}" for line in row.lines.all())
    text = f"{what}: {units}, {Money(row.amount_minor, order.currency)}"
    return item_of(row, *told, at=row.created_at, kind=kind, text=text)
