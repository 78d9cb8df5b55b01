"""A buyer's steps with a cart, through the verbs, without HTTP."""

from datetime import datetime
from typing import Any

from django_subatomic.db import transaction

from checkout.create_cart import NewCart, create_cart
from checkout.create_session_of_cart import create_session_of_cart
from checkout.merge_cart import merge_cart
from checkout.price_lines import LineItem
from tests.checkout.buyers import CLIENT
from tests.factories import NOW


def open_cart(*skus: str, quantity: int = 1, now: datetime = NOW, **terms: Any) -> str:
    """Return the id of a cart with lines of these SKUs."""
    new = NewCart(currency="EUR", items=[LineItem(sku, quantity) for sku in skus], **terms)
    with transaction():
        return str(create_cart(client=CLIENT, new=new, now=now)["id"])


def open_session_of(cart_id: str, *, now: datetime = NOW, **terms: Any) -> str:
    """Return the id of a session that was made from the cart."""
    with transaction():
        body = create_session_of_cart(client=CLIENT, cart_id=cart_id, terms=terms, now=now)
    return str(body["id"])


def sign_in(cart_id: str, customer: str, *, now: datetime = NOW) -> dict[str, Any]:
    """Merge the cart into the customer's, and return that one."""
    with transaction():
        return dict(merge_cart(cart_id=cart_id, client=CLIENT, customer=customer, now=now))
