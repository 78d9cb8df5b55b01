"""What a cart costs now, as clients see it. A cart is shown as the session that it would become."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from checkout.cart_use import session_of
from checkout.messages import Message
from checkout.models import Cart, CartLine, CheckoutSession
from checkout.price_cart import PricedCart
from checkout.price_lines import LineItem
from checkout.representation import Json, line_body, offer_body, time_body, unsold_line_body, whole_body
from checkout.session_price import price_session, put_price, remarks
from checkout.states import OPEN_CART_STATES


def lines_of(*, cart: Cart) -> list[CartLine]:
    """Return the lines with what they name, the oldest first."""
    return list(cart.lines.select_related("variant__product").order_by("pk"))


def items_of_cart(lines: Sequence[CartLine]) -> list[LineItem]:
    """Return what the lines ask for."""
    return [LineItem(line.variant.sku, line.quantity) for line in lines]


def show_cart(*, cart: Cart, now: datetime, told: Sequence[Message] = ()) -> Json:
    """Price the cart as of ``now``, and return it as clients see it; ``told``: what else there is to say.

    :raises UnableToPrice: ``total_too_large``.
    """
    lines = lines_of(cart=cart)
    priced = price_session(session=cart, items=items_of_cart(lines), now=now)
    unsold = [Message("error", error.pointer, error.code, error.detail) for error in priced.unpriced]
    messages = [*told, *unsold, *remarks(priced)] if cart.state in OPEN_CART_STATES else []
    return _body(cart, lines, priced, messages)


def _body(cart: Cart, lines: Sequence[CartLine], priced: PricedCart, messages: Sequence[Message]) -> Json:
    as_session = CheckoutSession(currency=cart.currency, discount_code=cart.discount_code)
    session_lines = put_price(session=as_session, priced=priced)
    sold: Mapping[int, Json] = {
        line.index: line_body(session_line) for line, session_line in zip(priced.lines, session_lines, strict=True)
    }
    return {
        "id": cart.public_id,
        "object": "cart",
        "state": str(cart.state),
        "currency": cart.currency,
        "line_items": [sold.get(index) or unsold_line_body(line) for index, line in enumerate(lines)],
        **whole_body(as_session, session_lines),
        "customer": cart.customer,
        "buyer": {"email": cart.buyer_email, "name": cart.buyer_name},
        "shipping_address": cart.shipping_address,
        "fulfillment_option_id": as_session.fulfillment_option or None,
        "fulfillment_options": [offer_body(offer) for offer in priced.offers],
        "messages": [message.as_json() for message in messages],
        "created_at": time_body(cart.created_at),
        "expires_at": time_body(cart.expires_at),
        "checkout_session": session_of(cart=cart),
        "merged_into": cart.merged_into.public_id if cart.merged_into else None,
    }
