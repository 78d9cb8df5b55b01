"""Change the cart or the buyer of a session that is still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django_subatomic.db import transaction

from checkout.errors import SessionRefused
from checkout.locks import lock_session
from checkout.models import Cart, CheckoutSession
from checkout.price_lines import LineItem
from checkout.queries import session_for_client
from checkout.representation import Json, session_body
from checkout.session_price import items_of, price_session, remarks, store_price
from checkout.states import OPEN_SESSION_STATES
from exactly_once.versions import ANY_VERSION, Expected

# Who buys, where the goods go and how, and a discount's code: of carts and sessions alike.
TERMS = ("buyer_email", "buyer_name", "shipping_address", "fulfillment_option", "discount_code")


@dataclass(frozen=True, slots=True)
class Change:
    """New values; None leaves a value as it is."""

    items: Sequence[LineItem] | None = None
    customer: str | None = None
    buyer_email: str | None = None
    buyer_name: str | None = None
    shipping_address: dict[str, str] | None = None
    fulfillment_option: str | None = None
    discount_code: str | None = None

    def put_into(self, row: CheckoutSession | Cart) -> None:
        """Write the new values into a session or cart, but for the lines; it is not saved."""
        for name in ("customer", *TERMS):
            value = getattr(self, name)
            if value is not None:
                setattr(row, name, value)


@transaction
def change_session(
    *, session_id: str, client: str, change: Change, now: datetime, expected: Expected = ANY_VERSION
) -> Json:
    """Apply the change, price the cart anew, and return the session as clients see it.

    :raises CheckoutNotFound: no such session.
    :raises PreconditionFailed: it is not what the client has seen.
    :raises SessionRefused: ``session_not_open``.
    :raises UnableToPrice: a line cannot be priced.
    """
    session = lock_session(session_id=session_id, client=client)
    expected.require(lambda: session_for_client(session_id=session_id, client=client, now=now))
    if session.state not in OPEN_SESSION_STATES or session.expires_at <= now:
        raise SessionRefused(
            code="session_not_open", detail=f"{session_id} is {session.state}: its cart can no longer change."
        )
    change.put_into(session)
    items = change.items if change.items is not None else items_of(list(session.lines.order_by("pk")))
    priced = price_session(session=session, items=items, now=now)
    priced.require_lines()
    session.updated_at = now
    lines = store_price(session=session, priced=priced)
    return session_body(session, lines, priced=priced, messages=remarks(priced))
