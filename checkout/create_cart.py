"""Begin a cart: a guest's, or a customer's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import IntegrityError
from django_subatomic.db import savepoint, transaction_required

from checkout.cart_price import show_cart
from checkout.cart_use import has_expired, is_of_another_cart, lifetime
from checkout.errors import CartRefused
from checkout.locks import hold_customer, lock_open_cart
from checkout.models import Cart, CartLine
from checkout.price_lines import LineItem
from checkout.representation import Json
from checkout.session_price import price_session
from checkout.states import CartState
from exactly_once.public_ids import new_secret_id

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewCart:
    """What the client sends; without a customer it is a guest's."""

    currency: str
    items: Sequence[LineItem] = ()
    customer: str = ""
    buyer_email: str = ""
    buyer_name: str = ""
    shipping_address: dict[str, str] = field(default_factory=dict)
    fulfillment_option: str = ""
    discount_code: str = ""


@transaction_required
def create_cart(*, client: str, new: NewCart, now: datetime) -> Json:
    """Write the cart and return it as clients see it.

    :raises CartRefused: ``customer_has_cart``, naming it.
    :raises UnableToPrice: a line cannot be priced, or the total is beyond 10^12 minor units.
    """
    if new.customer:
        _require_none(client, new.customer, now)
    cart = Cart(
        public_id=new_secret_id("cart"),
        client=client,
        currency=new.currency,
        customer=new.customer,
        buyer_email=new.buyer_email,
        buyer_name=new.buyer_name,
        shipping_address=new.shipping_address,
        fulfillment_option=new.fulfillment_option,
        discount_code=new.discount_code,
        created_at=now,
        updated_at=now,
        expires_at=now + lifetime(),
    )
    priced = price_session(session=cart, items=new.items, now=now)
    priced.require_lines()
    _save(cart, now)
    CartLine.objects.bulk_create(
        CartLine(cart=cart, variant_id=line.variant_id, quantity=line.quantity) for line in priced.lines
    )
    log.info("cart.created", guest=not new.customer)
    return show_cart(cart=cart, now=now)


def _save(cart: Cart, now: datetime) -> None:
    """Write the cart; one whose payment has come to nothing since may be the customer's open one again."""
    try:
        with savepoint():
            cart.save()
    except IntegrityError as error:
        if not is_of_another_cart(error):
            raise
        _require_none(cart.client, cart.customer, now)
        cart.save()


def _require_none(client: str, customer: str, now: datetime) -> None:
    """See that the customer has no other open cart; one that no sweep has come across yet ends here."""
    hold_customer(client=client, customer=customer)
    earlier = lock_open_cart(client=client, customer=customer)
    if earlier is None:
        return
    if not has_expired(cart=earlier, now=now):
        raise CartRefused(
            code="customer_has_cart",
            detail="This customer has an open cart: use that one.",
            extra={"cart_id": earlier.public_id},
        )
    earlier.state, earlier.updated_at = CartState.EXPIRED, now
    earlier.save(update_fields=["state", "updated_at"])
