"""Set how many units of one SKU are in a cart."""

from datetime import datetime

from django_subatomic.db import transaction

from checkout.cart_lines import keep_cart, put_line
from checkout.cart_price import show_cart
from checkout.cart_use import require_open
from checkout.locks import lock_cart
from checkout.price_lines import LineItem
from checkout.representation import Json
from exactly_once.versions import ANY_VERSION, Expected


@transaction
def set_cart_line(
    *, cart_id: str, client: str, item: LineItem, now: datetime, expected: Expected = ANY_VERSION
) -> Json:
    """Set it, to none to take the line out, and return the cart as clients see it.

    :raises CheckoutNotFound: no such cart.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises CartRefused: it cannot change any more, or not now; ``cart_full``.
    :raises UnableToPrice: the SKU is none for sale in this currency.
    """
    cart = lock_cart(cart_id=cart_id, client=client)
    expected.require(lambda: show_cart(cart=cart, now=now))
    require_open(cart=cart, now=now)
    if item.quantity > 0:
        return put_line(cart=cart, item=item, adds=False, now=now)
    cart.lines.filter(variant__sku=item.sku).delete()
    return keep_cart(cart=cart, now=now)
