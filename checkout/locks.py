"""Every row lock of checkout.

The order over the whole service: payment intent, attempt, refund, the ledger's balances (payments/locks.py), then
checkout session, then its discount, then reservations, then stock items by id. The functions in migrations/sql/ lock
the last two in that order. An order is locked behind its own intent, by whoever changes either: whoever waits for the
one waits for the other already.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q
from django_subatomic.db import transaction_required

from checkout.errors import CheckoutNotFound
from checkout.models import CheckoutSession, Discount, Order, StockItem
from payments.locks import hold_intent


@transaction_required
def lock_session(*, session_id: str, client: str) -> CheckoutSession:
    """Lock a client's session and, before it, the payment intent of its order.

    :raises CheckoutNotFound: ``checkout_session_not_found``.
    """
    hold_intent(order_reference=session_id)
    session = CheckoutSession.objects.select_for_update(no_key=True).filter(public_id=session_id, client=client).first()
    if session is None:
        raise CheckoutNotFound(code="checkout_session_not_found", detail=f"There is no checkout session {session_id}.")
    return session


@transaction_required
def lock_paid_session(*, session_id: str) -> CheckoutSession | None:
    """Lock the session that an intent (locked by the caller) pays for, if it is one of ours."""
    return CheckoutSession.objects.select_for_update(no_key=True).filter(public_id=session_id).first()


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
