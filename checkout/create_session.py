"""Open a checkout session: a priced cart, nothing reserved yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django_subatomic.db import transaction_required

from checkout.models import Cart, CheckoutSession
from checkout.price_lines import LineItem
from checkout.representation import Json, session_body
from checkout.session_price import price_session, put_price, remarks
from exactly_once.public_ids import new_public_id
from exactly_once.together import Write, insert, write_together

log = structlog.get_logger(__name__)

# A cart nobody came back to. Long enough for a lunch break, short enough that prices stay honest.
SESSION_LIFETIME = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the client sends: lines and, sooner or later, who buys, where it goes and how; or the cart that has them."""

    currency: str
    items: Sequence[LineItem]
    customer: str = ""
    buyer_email: str = ""
    buyer_name: str = ""
    shipping_address: dict[str, str] = field(default_factory=dict)
    fulfillment_option: str = ""
    discount_code: str = ""
    cart: Cart | None = None


@transaction_required
def create_session(*, client: str, new: NewSession, now: datetime) -> Json:
    """Write the session and return it as clients see it.

    :raises UnableToPrice: see :func:`prepare_session`.
    """
    body, writes = prepare_session(client=client, new=new, now=now)
    write_together(*writes)
    return body


def prepare_session(*, client: str, new: NewSession, now: datetime) -> tuple[Json, Sequence[Write]]:
    """Return a session as clients see it, and what writes it.

    :raises UnableToPrice: a line cannot be priced, or the total is beyond 10^12 minor units.
    """
    session = CheckoutSession(
        public_id=new_public_id("chk"),
        client=client,
        book=settings.SHOP_BOOK,
        cart=new.cart,
        currency=new.currency,
        customer=new.customer,
        buyer_email=new.buyer_email,
        buyer_name=new.buyer_name,
        shipping_address=new.shipping_address,
        fulfillment_option=new.fulfillment_option,
        discount_code=new.discount_code,
        created_at=now,
        updated_at=now,
        expires_at=now + SESSION_LIFETIME,
    )
    priced = price_session(session=session, items=new.items, now=now)
    priced.require_lines()
    lines = put_price(session=session, priced=priced)
    log.info("checkout.session_created", session=session.public_id)
    body = session_body(session, lines, priced=priced, messages=remarks(priced))
    return body, [insert(session), *([insert(*lines, parent="session")] if lines else [])]
