"""Open a checkout session: a priced cart, nothing reserved yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from checkout.errors import UnableToPrice
from checkout.models import CheckoutSession, SessionLine
from checkout.price_lines import LineItem, PricedLine, price_lines
from checkout.representation import Json, session_body
from checkout.states import SessionState
from exactly_once.public_ids import new_public_id

log = structlog.get_logger(__name__)

# A cart nobody came back to. Long enough for a lunch break, short enough that prices stay honest.
SESSION_LIFETIME = timedelta(hours=6)

# One order of a shop, not a wholesaler's year: keeps sums far inside bigint.
MAX_TOTAL_MINOR = 10**12


@dataclass(frozen=True, slots=True)
class Cart:
    """What the client sends: lines and, sooner or later, who buys."""

    currency: str
    items: Sequence[LineItem]
    buyer_email: str = ""
    buyer_name: str = ""
    shipping_address: dict[str, str] = field(default_factory=dict)


@transaction_required
def create_session(*, client: str, cart: Cart, now: datetime) -> Json:
    """Write the session and return it as clients see it.

    :raises UnableToPrice: a line cannot be priced, or the total is beyond 10^12 minor units.
    """
    priced = price_lines(currency=cart.currency, items=cart.items, now=now)
    session = CheckoutSession.objects.create(
        public_id=new_public_id("chk"),
        client=client,
        book=settings.SHOP_BOOK,
        currency=cart.currency,
        state=state_of(buyer_email=cart.buyer_email),
        buyer_email=cart.buyer_email,
        buyer_name=cart.buyer_name,
        shipping_address=cart.shipping_address,
        total_minor=total_of(priced),
        created_at=now,
        updated_at=now,
        expires_at=now + SESSION_LIFETIME,
    )
    lines = write_lines(session, priced)
    log.info("checkout.session_created", session=session.public_id)
    return session_body(session, lines)


def state_of(*, buyer_email: str) -> SessionState:
    """Return whether a cart can be paid for: once we know where to send the receipt."""
    return SessionState.READY_FOR_COMPLETE if buyer_email else SessionState.INCOMPLETE


def total_of(lines: Sequence[PricedLine]) -> int:
    """Add the lines up, in minor units."""
    total = sum(line.total_minor for line in lines)
    if total > MAX_TOTAL_MINOR:
        raise UnableToPrice(code="total_too_large", detail=f"A cart may come to at most {MAX_TOTAL_MINOR} minor units.")
    return total


def write_lines(session: CheckoutSession, priced: Sequence[PricedLine]) -> list[SessionLine]:
    """Store priced lines in the order given."""
    return SessionLine.objects.bulk_create(
        SessionLine(
            session=session,
            variant_id=line.variant_id,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_amount_minor=line.unit_amount_minor,
        )
        for line in priced
    )
