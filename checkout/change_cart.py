"""Change what is in a cart as a whole, and the terms that it is priced on."""

from datetime import datetime

from django_subatomic.db import transaction

from checkout.cart_lines import keep_cart
from checkout.cart_price import show_cart
from checkout.cart_use import require_open
from checkout.change_session import Change
from checkout.locks import lock_cart
from checkout.models import CartLine
from checkout.representation import Json
from checkout.session_price import price_session
from exactly_once.versions import ANY_VERSION, Expected


@transaction
def change_cart(*, cart_id: str, client: str, change: Change, now: datetime, expected: Expected = ANY_VERSION) -> Json:
    """Apply the change, and return the cart as clients see it.

    :raises CheckoutNotFound: no such cart.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises CartRefused: it cannot change any more, or not now.
    :raises UnableToPrice: a line cannot be priced.
    """
    cart = lock_cart(cart_id=cart_id, client=client)
    expected.require(lambda: show_cart(cart=cart, now=now))
    require_open(cart=cart, now=now)
    change.put_into(cart)
    if change.items is not None:
        priced = price_session(session=cart, items=change.items, now=now)
        priced.require_lines()
        cart.lines.all().delete()
        CartLine.objects.bulk_create(
            CartLine(cart=cart, variant_id=line.variant_id, quantity=line.quantity) for line in priced.lines
        )
    return keep_cart(cart=cart, now=now)
