"""Every row lock of checkout.

The order over the whole service: payment intent, attempt, refund, the ledger's balances (payments/locks.py), then
checkout session, then its cart (of several carts: by id), then its discount, then reservations, then stock items by id.
The functions in migrations/sql/ keep to it. An order is locked behind its own intent, by whoever changes either:
whoever waits for the one waits for the other already.
"""

import hashlib
from collections.abc import Iterable
from functools import reduce
from operator import or_

import rfc8785
from django.db import connection
from django.db.models import Q, QuerySet
from django_subatomic.db import transaction_required

from checkout.errors import CheckoutNotFound
from checkout.models import Cart, CheckoutSession, Discount, Order, SessionLine, StockItem
from checkout.states import CartState
from exactly_once.compiled import Compiled, Given
from payments.locks import hold_intent

# By name: a statement that is prepared fails once a newer release has added a column, if it is to return them all.
_SESSION = ", ".join(f"s.{field.column}" for field in CheckoutSession._meta.concrete_fields)  # noqa: SLF001 - Django's documented name
_PAID_SESSION = Compiled(
    lambda: (
        SessionLine.objects.select_for_update(no_key=True, of=("session",))
        .select_related("session")
        .filter(session__public_id=Given("session_id"))
        .order_by("pk")
    )
)
_LOCK_SESSION = f"SELECT {_SESSION} FROM checkout_lock_session(%s, %s) AS s"  # noqa: S608 - names of our own columns


@transaction_required
def lock_session(*, session_id: str, client: str) -> CheckoutSession:
    """Lock a client's session and, before it, the payment intent of its order.

    :raises CheckoutNotFound: ``checkout_session_not_found``.
    """
    found = CheckoutSession.objects.raw(_LOCK_SESSION, [session_id, client])
    session: CheckoutSession | None = next(iter(found), None)
    if session is None:
        raise CheckoutNotFound(code="checkout_session_not_found", detail=f"There is no checkout session {session_id}.")
    return session


@transaction_required
def lock_paid_session(*, session_id: str) -> tuple[CheckoutSession, list[SessionLine]] | None:
    """Lock the session that an intent (locked by the caller) pays for, if it is one of ours; return it with its lines.

    Whoever changes lines locks the intent first: what one statement reads of both fits together.
    """
    lines = _PAID_SESSION(session_id=session_id)
    if lines:
        return lines[0].session, lines
    session = CheckoutSession.objects.select_for_update(no_key=True).filter(public_id=session_id).first()
    return None if session is None else (session, [])


@transaction_required
def lock_order(*, order_id: str, client: str) -> Order:
    """Lock a client's order and, before it, its payment intent. Whoever locks both holds that intent.

    :raises CheckoutNotFound: ``order_not_found``.
    """
    found = Order.objects.filter(public_id=order_id, client=client).select_related("session").first()
    if found is None:
        raise CheckoutNotFound(code="order_not_found", detail=f"There is no order {order_id}.")
    hold_intent(order_reference=found.session.public_id)
    own = Order.objects.select_for_update(no_key=True, of=("self",)).select_related("session")
    return own.get(pk=found.pk)


@transaction_required
def lock_cart(*, cart_id: str, client: str) -> Cart:
    """Lock a client's cart.

    :raises CheckoutNotFound: ``cart_not_found``.
    """
    cart = _carts().filter(public_id=cart_id, client=client).first()
    if cart is None:
        raise CheckoutNotFound(code="cart_not_found", detail=f"There is no cart {cart_id}.")
    return cart


@transaction_required
def lock_cart_of(*, session: CheckoutSession) -> Cart | None:
    """Lock the cart that a session (locked by the caller) was made from, if there is one."""
    return None if session.cart_id is None else Cart.objects.select_for_update(no_key=True).get(pk=session.cart_id)


@transaction_required
def hold_customer(*, client: str, customer: str) -> None:
    """Let one request at a time look for a customer's open cart and, where there is none, make one."""
    name = hashlib.sha256(rfc8785.dumps(["cart", client, customer])).digest()
    with connection.cursor() as cursor:
        # Whoever waits here reads what the other has committed in its next statement; this one's snapshot is older.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])


@transaction_required
def lock_open_cart(*, client: str, customer: str) -> Cart | None:
    """Lock a customer's open cart, if there is one."""
    return _carts().filter(client=client, customer=customer, state=CartState.OPEN).first()


@transaction_required
def lock_carts_to_merge(*, cart_id: str, client: str, customer: str) -> list[Cart]:
    """Lock a client's cart and the open one of a customer, in the order of their ids."""
    wanted = Q(public_id=cart_id) | Q(customer=customer, state=CartState.OPEN)
    return list(_carts().filter(wanted, client=client).order_by("pk"))


def _carts() -> QuerySet[Cart]:
    return Cart.objects.select_for_update(no_key=True).exclude(state=CartState.DELETED)


@transaction_required
def lock_discount(*, code: str) -> Discount | None:
    """Lock the discount of a code, if there is one: who comes second reads what the first one has left of it."""
    return Discount.objects.select_for_update(no_key=True).filter(code__iexact=code).first()


@transaction_required
def lock_stock_item(*, variant_id: int, location_id: int) -> StockItem:
    """Lock the units of a variant at a location, where there may never have been any."""
    items = StockItem.objects.select_for_update(no_key=True)
    return items.get_or_create(variant_id=variant_id, location_id=location_id)[0]


@transaction_required
def lock_stock_items(*, places: Iterable[tuple[int, int]]) -> None:
    """Lock the units of several variants at their locations, by (variant, location), before any of them changes."""
    chosen = reduce(or_, (Q(variant_id=variant, location_id=location) for variant, location in places), Q(pk__in=[]))
    list(StockItem.objects.select_for_update(no_key=True).filter(chosen).order_by("pk").values_list("pk"))
