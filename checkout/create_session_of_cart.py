"""Go on to checkout with what is in a cart."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django_subatomic.db import transaction_required

from checkout.cart_price import items_of_cart, lines_of
from checkout.cart_use import lifetime, require_open
from checkout.change_session import TERMS
from checkout.create_session import NewSession, create_session
from checkout.errors import CartRefused
from checkout.locks import lock_cart
from checkout.representation import Json


@transaction_required
def create_session_of_cart(*, client: str, cart_id: str, terms: dict[str, Any], now: datetime) -> Json:
    """Open a session with the cart's lines, on the cart's terms but for those in ``terms``.

    The cart stays open until a session of it is completed; several may be opened meanwhile.

    :raises CheckoutNotFound: ``cart_not_found``.
    :raises CartRefused: ``cart_empty``; or it has come to its end, or is being paid.
    :raises UnableToPrice: a line cannot be priced.
    """
    cart = lock_cart(cart_id=cart_id, client=client)
    require_open(cart=cart, now=now)
    items = items_of_cart(lines_of(cart=cart))
    if not items:
        raise CartRefused(code="cart_empty", detail="There is nothing in the cart.")
    cart.expires_at = now + lifetime()
    cart.save(update_fields=["expires_at"])
    kept = NewSession(
        currency=cart.currency,
        items=items,
        customer=cart.customer,
        cart=cart,
        **{name: getattr(cart, name) for name in TERMS},
    )
    return create_session(client=client, new=replace(kept, **terms), now=now)
