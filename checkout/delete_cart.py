"""Throw a cart away, and forget whose it was."""

from datetime import datetime

from django_subatomic.db import transaction

from checkout.cart_price import show_cart
from checkout.cart_use import require_open
from checkout.locks import lock_cart
from checkout.states import CartState
from exactly_once.versions import ANY_VERSION, Expected


@transaction
def delete_cart(*, cart_id: str, client: str, now: datetime, expected: Expected = ANY_VERSION) -> None:
    """Empty the cart and end it: for clients it is no longer there. Sessions that were made from it cannot be paid.

    :raises CheckoutNotFound: no such cart.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises CartRefused: it has come to another end, or is being paid.
    """
    cart = lock_cart(cart_id=cart_id, client=client)
    expected.require(lambda: show_cart(cart=cart, now=now))
    require_open(cart=cart, now=now)
    cart.lines.all().delete()
    cart.customer = cart.buyer_email = cart.buyer_name = ""
    cart.shipping_address = {}
    cart.state, cart.updated_at = CartState.DELETED, now
    cart.save()
