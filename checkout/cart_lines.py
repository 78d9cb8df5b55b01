"""Units of one SKU in an open cart that the caller has locked."""

from collections.abc import Sequence
from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.cart_price import items_of_cart, lines_of, show_cart
from checkout.cart_use import MAX_LINES, lifetime
from checkout.errors import CartRefused, UnableToPrice
from checkout.messages import Message
from checkout.models import Cart, CartLine
from checkout.models.cart import MAX_QUANTITY
from checkout.price_lines import LineItem
from checkout.representation import Json
from checkout.session_price import price_session
from exactly_once.errors import FieldError


@transaction_required
def put_line(*, cart: Cart, item: LineItem, adds: bool, now: datetime) -> Json:
    """Set how many units there are, or add some, and return the cart as clients see it.

    :raises CartRefused: ``cart_full``: it has 100 lines; ``cart_line_full``: there would be more than 10,000 units.
    :raises UnableToPrice: the SKU is none for sale in this currency.
    """
    lines = lines_of(cart=cart)
    known = next((line for line in lines if line.variant.sku == item.sku), None)
    quantity = item.quantity + (known.quantity if known and adds else 0)
    if quantity > MAX_QUANTITY:
        raise CartRefused(code="cart_line_full", detail=f"A line has at most {MAX_QUANTITY} units.")
    others = [line for line in lines if line is not known]
    if len(others) >= MAX_LINES:
        raise CartRefused(code="cart_full", detail=f"A cart has at most {MAX_LINES} lines.")
    items = [LineItem(item.sku, quantity), *items_of_cart(others)]
    priced = price_session(session=cart, items=items, now=now)
    for error in priced.unpriced:
        if error.pointer == "/line_items/0/sku":
            raise _refused(FieldError("/sku", error.code, error.detail))
    CartLine.objects.update_or_create(cart=cart, variant_id=priced.lines[0].variant_id, defaults={"quantity": quantity})
    return keep_cart(cart=cart, now=now)


@transaction_required
def keep_cart(*, cart: Cart, now: datetime, told: Sequence[Message] = ()) -> Json:
    """Save a changed cart, keep it for as long as any that has just been changed, and return it as clients see it."""
    cart.updated_at, cart.expires_at = now, now + lifetime()
    cart.save()
    return show_cart(cart=cart, now=now, told=told)


def _refused(field: FieldError) -> UnableToPrice:
    return UnableToPrice(code="invalid_input", detail="The line cannot be in the cart; see errors.", fields=(field,))
