"""Add units of one SKU to those that are in a cart."""

from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.cart_lines import put_line
from checkout.cart_use import require_open
from checkout.locks import lock_cart
from checkout.price_lines import LineItem
from checkout.representation import Json


@transaction_required
def add_to_cart(*, cart_id: str, client: str, item: LineItem, now: datetime) -> Json:
    """Add, and return the cart as clients see it.

    :raises CheckoutNotFound: no such cart.
    :raises CartRefused: it cannot change any more, or not now; ``cart_full``, ``cart_line_full``.
    :raises UnableToPrice: the SKU is none for sale in this currency.
    """
    cart = lock_cart(cart_id=cart_id, client=client)
    require_open(cart=cart, now=now)
    return put_line(cart=cart, item=item, adds=True, now=now)
