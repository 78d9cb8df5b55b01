"""Tidy up after carts that nobody comes back to. Expiry is checked at use; this only forgets them."""

from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef
from django_subatomic.db import transaction

from checkout.cart_use import lifetime
from checkout.models import Cart, CheckoutSession
from checkout.states import FORGOTTEN_CART_STATES, OPEN_CART_STATES, CartState

log = structlog.get_logger(__name__)


@transaction
def expire_carts(*, now: datetime, limit: int) -> int:
    """End open carts that nobody has changed for too long; return how many."""
    overdue = Cart.objects.filter(state__in=OPEN_CART_STATES, expires_at__lte=now)
    # Whoever is at one of them has it: by the next sweep it has been changed, or it has not.
    rows = overdue.select_for_update(no_key=True, skip_locked=True).order_by("pk")[:limit]
    return Cart.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(
        state=CartState.EXPIRED, updated_at=now
    )


@transaction
def forget_carts(*, now: datetime, limit: int) -> int:
    """Delete what ended as long ago as a cart is kept, unless a session or a cart tells of it; return how many."""
    told_of = Exists(CheckoutSession.objects.filter(cart=OuterRef("pk"))) | Exists(
        Cart.objects.filter(merged_into=OuterRef("pk"))
    )
    old = Cart.objects.filter(~told_of, state__in=FORGOTTEN_CART_STATES, updated_at__lte=now - lifetime())
    rows = old.select_for_update(skip_locked=True).order_by("pk")[:limit]
    found = Cart.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
    return found.delete()[1].get("checkout.Cart", 0)
