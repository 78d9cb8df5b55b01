"""A guest signs in, or a customer takes up what was set aside: what is in that cart goes on in the open one."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.db import IntegrityError
from django_subatomic.db import savepoint, transaction_required

from checkout.cart_lines import keep_cart
from checkout.cart_price import lines_of, show_cart
from checkout.cart_use import MAX_LINES, has_expired, is_of_another_cart, require_kept, require_open
from checkout.change_session import TERMS
from checkout.errors import CartRefused, CheckoutNotFound
from checkout.locks import hold_customer, lock_carts_to_merge, lock_open_cart
from checkout.messages import Message
from checkout.models import Cart, CartLine
from checkout.models.cart import MAX_QUANTITY
from checkout.representation import Json
from checkout.states import CartState

log = structlog.get_logger(__name__)


@transaction_required
def merge_cart(*, cart_id: str, client: str, customer: str, now: datetime) -> Json:
    """Add the guest's lines to the customer's open cart, or make the guest's cart the customer's; return that one.

    A cart of the customer's own that was set aside is taken up the same way. To ask for it again changes nothing: the
    answer is the cart that the customer has by then.

    :raises CheckoutNotFound: no such cart.
    :raises CartRefused: ``cart_of_another_customer``; or one of the two cannot change any more, or not now.
    """
    hold_customer(client=client, customer=customer)
    carts = lock_carts_to_merge(cart_id=cart_id, client=client, customer=customer)
    guest = next((cart for cart in carts if cart.public_id == cart_id), None)
    if guest is None:
        raise CheckoutNotFound(code="cart_not_found", detail=f"There is no cart {cart_id}.")
    own = next((cart for cart in carts if cart is not guest), None)
    if guest.merged_into is not None and guest.merged_into.customer == customer:
        return _go_on(own or guest.merged_into, now)
    require_open(cart=guest, now=now)
    if guest.customer not in ("", customer):
        raise CartRefused(code="cart_of_another_customer", detail="The cart belongs to another customer.")
    if guest.customer == customer and guest.state == CartState.OPEN:
        return show_cart(cart=guest, now=now)
    while own is None or _expire(own, now):
        if _adopt(guest, customer):
            return keep_cart(cart=guest, now=now)
        own = lock_open_cart(client=client, customer=customer)
    log.info("cart.merged")
    told = list(_move_lines(guest, own))
    _fill_in_terms(guest, own)
    guest.state, guest.merged_into, guest.updated_at = CartState.MERGED, own, now
    guest.save(update_fields=["state", "merged_into", "updated_at"])
    return keep_cart(cart=own, now=now, told=told)


def _adopt(guest: Cart, customer: str) -> bool:
    """Make it the customer's open cart, unless one whose payment has come to nothing since is that again."""
    try:
        with savepoint():
            guest.customer, guest.state = customer, CartState.OPEN
            guest.save(update_fields=["customer", "state"])
    except IntegrityError as error:
        if not is_of_another_cart(error):
            raise
        guest.refresh_from_db(fields=["customer", "state"])
        return False
    log.info("cart.adopted")
    return True


def _go_on(cart: Cart, now: datetime) -> Json:
    require_kept(cart=cart, now=now)
    return show_cart(cart=cart, now=now)


def _expire(cart: Cart, now: datetime) -> bool:
    if not has_expired(cart=cart, now=now):
        return False
    cart.state, cart.updated_at = CartState.EXPIRED, now
    cart.save(update_fields=["state", "updated_at"])
    return True


def _move_lines(guest: Cart, own: Cart) -> Iterator[Message]:
    """Add the quantities up, as far as lines and units go, and yield what did not fit."""
    kept = {line.variant_id: line for line in lines_of(cart=own)}
    positions = {variant: index for index, variant in enumerate(kept)}
    for line in lines_of(cart=guest):
        known = kept.get(line.variant_id)
        if known is None and len(kept) >= MAX_LINES:
            detail = f"{line.variant.sku} was left out: a cart has at most {MAX_LINES} lines."
            yield Message("warning", "/line_items", "line_left_out", detail)
            continue
        if known is None:
            kept[line.variant_id] = CartLine.objects.create(cart=own, variant=line.variant, quantity=line.quantity)
            continue
        if known.quantity + line.quantity > MAX_QUANTITY:
            pointer = f"/line_items/{positions[line.variant_id]}/quantity"
            yield Message("warning", pointer, "quantity_capped", f"A line has at most {MAX_QUANTITY} units.")
        known.quantity = min(known.quantity + line.quantity, MAX_QUANTITY)
        known.save(update_fields=["quantity"])
    guest.lines.all().delete()


def _fill_in_terms(guest: Cart, own: Cart) -> None:
    """Keep what the customer has said; what is not said yet is as the guest has said it."""
    for name in TERMS:
        if not getattr(own, name):
            setattr(own, name, getattr(guest, name))
