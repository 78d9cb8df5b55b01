"""Whether a cart can still be used, and for how long it is kept."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError
from django_subatomic.db import savepoint, transaction_required

from checkout.errors import CartRefused
from checkout.locks import lock_cart_of
from checkout.models import Cart, CheckoutSession
from checkout.states import OPEN_CART_STATES, PAYING_SESSION_STATES, CartState, SessionState
from exactly_once.violations import violated

MAX_LINES = 100  # a cart, not a catalogue: bounds the work of one request


def lifetime() -> timedelta:
    """Return for how long a cart is kept that nobody changes."""
    return timedelta(days=settings.CART_DAYS)


def has_expired(*, cart: Cart, now: datetime) -> bool:
    """Return whether nobody has changed an open cart for too long; while it is being paid it is not over."""
    return cart.state in OPEN_CART_STATES and cart.expires_at <= now


def require_kept(*, cart: Cart, now: datetime) -> None:
    """Refuse a locked cart that has come to its end.

    :raises CartRefused: ``cart_ordered``, ``cart_merged``, ``cart_deleted``, ``cart_expired``.
    """
    if has_expired(cart=cart, now=now):
        raise CartRefused(code="cart_expired", detail="Nobody has changed this cart for too long.")
    if cart.state not in (*OPEN_CART_STATES, CartState.PAYING):
        into: dict[str, object] = {"cart_id": cart.merged_into.public_id} if cart.merged_into else {}
        raise CartRefused(code=f"cart_{cart.state}", detail=f"The cart is {cart.state}.", extra=into)


def require_open(*, cart: Cart, now: datetime) -> None:
    """Refuse a locked cart that has come to its end, or is being paid.

    :raises CartRefused: as :func:`require_kept`; or ``cart_in_payment``: what is being paid for does not change
        meanwhile.
    """
    require_kept(cart=cart, now=now)
    if cart.state == CartState.PAYING:
        paying = session_of(cart=cart)
        raise CartRefused(
            code="cart_in_payment",
            detail=f"Checkout session {paying} of this cart is being paid: wait for its end. "
            "It can be canceled only while it waits for the buyer (requires_escalation).",
            extra={"checkout_session": paying},
        )


@transaction_required
def claim_cart(*, session: CheckoutSession, now: datetime) -> Cart | None:
    """Lock the cart that a locked session was made from, if any, so that no other session comes to pay for it.

    :raises CartRefused: as :func:`require_open`.
    """
    cart = lock_cart_of(session=session)
    if cart is not None:
        require_open(cart=cart, now=now)
    return cart


@transaction_required
def pay_cart(*, cart: Cart, now: datetime) -> None:
    """Have a claimed cart paid by the session that claimed it, and by no other one."""
    cart.state, cart.expires_at = CartState.PAYING, now + lifetime()
    cart.save(update_fields=["state", "expires_at"])


@transaction_required
def free_cart(*, session: CheckoutSession, now: datetime) -> None:
    """Let the cart go on whose payment came to nothing, if the session was made from one.

    Beside an open one that its customer has begun meanwhile it is set aside.
    """
    if session.cart_id is None:
        return
    paying = Cart.objects.filter(pk=session.cart_id, state=CartState.PAYING)
    kept = {"updated_at": now, "expires_at": now + lifetime()}
    try:
        with savepoint():
            paying.update(state=CartState.OPEN, **kept)
    except IntegrityError as error:
        if not is_of_another_cart(error):
            raise
        paying.update(state=CartState.SET_ASIDE, **kept)


def is_of_another_cart(error: IntegrityError) -> bool:
    """Whether a cart cannot be the customer's open one because another one is."""
    return violated(error) == "cart_one_open_per_customer"


@transaction_required
def order_cart(*, session: CheckoutSession, now: datetime) -> None:
    """End the cart that has become an order, if the session was made from one."""
    if session.cart_id is None:
        return
    paid = Cart.objects.filter(pk=session.cart_id, state=CartState.PAYING)
    paid.update(state=CartState.ORDERED, updated_at=now)


def session_of(*, cart: Cart) -> str | None:
    """Return the session that pays for the cart, or has: one at most (``session_one_paid_per_cart``)."""
    paid = cart.sessions.filter(state__in=[*PAYING_SESSION_STATES, SessionState.COMPLETED])
    return paid.values_list("public_id", flat=True).first()
